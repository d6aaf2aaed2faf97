// Which server is started. Runs without an editor: `npm run unit`.
import assert from "node:assert/strict"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { test } from "node:test"
import { find, version } from "../../src/bootstrap"

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "seamwise-unit-"))
const program = (...at: string[]) => {
  const file = path.join(folder, ...at)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, '#!/bin/sh\n[ "$1" = --version ] && echo "seam 9.9" || exit 3\n', { mode: 0o755 })
  return file
}
const [named, set, onPath] = [program("named", "seam"), program("set", "seam"), program("path", "seam")]
const extension = path.join(folder, "extension")
const env = { PATH: `/nowhere:${path.dirname(onPath)}`, HOME: folder }

test("the environment comes first, then the setting", () => {
  assert.deepEqual(find({ env: { ...env, SEAM_SERVER: named }, setting: set, extension }), { path: named, from: "SEAM_SERVER" })
  assert.deepEqual(find({ env, setting: set, extension }), { path: set, from: "seamwise.server.path" })
  assert.deepEqual(find({ env, setting: "~/set/seam", extension }), { path: set, from: "seamwise.server.path" })
})

test("the one in the extension comes before the one on the PATH", () => {
  assert.deepEqual(find({ env, extension }), { path: onPath, from: "PATH" })
  const bundled = program("extension", "server", "seam")
  assert.deepEqual(find({ env, extension }), { path: bundled, from: "the extension" })
  const windows = program("extension", "server", "seam.exe")
  assert.deepEqual(find({ env, extension, platform: "win32" }), { path: windows, from: "the extension" })
})

test("a place that is named and empty is an error, not passed over", () => {
  assert.match(String(find({ env, setting: "/nowhere/seam", extension })), /seamwise\.server\.path says `\/nowhere\/seam`/)
  assert.match(String(find({ env: { ...env, SEAM_SERVER: folder }, extension })), /SEAM_SERVER/)
})

test("without any it says where it looked", () => {
  assert.match(String(find({ env: { PATH: "/nowhere" }, extension: folder })), /neither in the extension nor on the PATH/)
})

test("a file that cannot be run is not a program", () => {
  const text = path.join(folder, "text")
  fs.writeFileSync(text, "seam", { mode: 0o644 })
  assert.equal(typeof find({ env, setting: text, extension }), "string")
})

test("the version is what the program says, or why it says nothing", async () => {
  assert.equal(await version(named, process.env), "seam 9.9")
  await assert.rejects(version("/bin/false", process.env), /--version` fails/)
})
