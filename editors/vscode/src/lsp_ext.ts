// What the server understands beyond the protocol.
import { NotificationType, RequestType } from "vscode-languageclient/node"

export interface Status {
  health: "ok" | "warning" | "error"
  message: string
  version: string
  /** Files, while it reads them. */
  indexing: boolean; done: number; total: number
  files: number; services: number
  errors: number; warnings: number; notes: number
}

/** A folder that is read, and what paths within it begin with. */
export interface Root {
  uri: string
  prefix: string
}

/** A question by its name; the answer is JSON as `seam ask` prints it. */
export const ask = new RequestType<{ name: string; request: object }, { text: string }, { kind: string; message: string; hint: string }>("seam/ask")
export const status = new NotificationType<Status>("seam/status")
export const changed = new NotificationType<{ state: number }>("seam/changed")
