// The page of the service map: draws the answer of `drawing`, and beside it a panel that says the same in words, so that
// everything can be reached without a pointer. What is shown is a question; each choice asks it anew.
import cytoscape from "cytoscape"
import type { drawing } from "../asks"
import type { FromPage, ToPage } from "../views/map"
import { paint } from "./style"

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void; getState(): State | undefined; setState(state: State): void }

interface State {
  request: drawing.Request
  /** A box's name, or a line's id. */
  chosen?: string
  zoom?: number
  pan?: cytoscape.Position
}

const code = acquireVsCodeApi()
const state: State = { request: {}, ...code.getState() }
const $ = (selector: string) => document.querySelector(selector) as HTMLElement
const [bar, stage, panel] = [$("header"), $("#stage"), $("#panel")]
let answer: drawing.Answer | undefined
let fitted = state.zoom !== undefined

const cy = cytoscape({ container: stage, autoungrabify: true, boxSelectionEnabled: false, minZoom: 0.03, maxZoom: 3, hideEdgesOnViewport: true, textureOnViewport: true, pixelRatio: "auto" })
const recolour = () => cy.style(paint(getComputedStyle(document.body)))
new MutationObserver(recolour).observe(document.body, { attributes: true, attributeFilter: ["class"] })

type Child = Node | string | null | undefined | false | Child[]
function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string | boolean | EventListener>, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value)
    else if (value !== false) made.setAttribute(name, value === true ? "" : value)
  }
  made.append(...children.flat(9).filter((c): c is Node | string => c instanceof Node || (typeof c === "string" && c !== "")))
  return made
}
const link = (text: string, click: () => void, title = "") => el("button", { class: "link", title, click }, text)
const button = (text: string, click: () => void, pressed?: boolean, title = "") => el("button", { click, title, ...(pressed === undefined ? {} : { "aria-pressed": `${pressed}` }) }, text)
const place = (p: { path: string; line: number } | null | undefined) => p && el("div", {}, link(`${p.path}:${p.line}`, () => code.postMessage({ type: "open", path: p.path, line: p.line }), "Open this line"))
const list = (title: string, items: Child[][]): Child => items.length > 0 && [el("h3", {}, `${title} (${items.length})`), el("ul", {}, items.map((item) => el("li", {}, item)))]
const badge = (t: drawing.Trouble) => [["error", t.errors], ["warning", t.warnings], ["note", t.notes]].map(([kind, n]) => (n as number) > 0 && el("span", { class: `badge ${kind}`, title: `${n} ${kind}${n === 1 ? "" : "s"}` }, `${n}`))
const id = (line: drawing.Line) => `${line.from}\n${line.to}`

const save = () => code.setState(state)

/** Asks for another picture. */
function ask(change: Partial<drawing.Request> = {}): void {
  if (Object.keys(change).length) fitted = false
  Object.assign(state.request, change)
  save()
  code.postMessage({ type: "draw", request: state.request })
}

const focus = (name: string | undefined, hops = state.request.hops ?? 1) => ((state.chosen = name ?? state.chosen), ask({ around: name, hops, open: undefined }))

const opened = () => answer?.groups.map((g) => g.name) ?? []
const toggle = (group: string) => ask({ open: opened().includes(group) ? opened().filter((g) => g !== group) : [...opened(), group] })

// ---- the picture

function draw(): void {
  if (!answer) return
  cy.startBatch()
  cy.elements().remove()
  cy.add(answer.groups.map((g) => ({ group: "nodes", data: { id: `group/${g.name}`, label: g.name, kind: "frame", health: health(g.trouble) } })))
  const at = new Map(answer.boxes.map((b) => [b.name, b]))
  cy.add(answer.boxes.map((b) => ({
    group: "nodes",
    data: { id: b.name, label: b.note ? `${b.name}\n${b.note}` : b.name, kind: b.kind, width: b.width, height: b.height, health: health(b.trouble), parent: b.group ? `group/${b.group}` : undefined },
    position: { x: b.x, y: b.y },
  })))
  cy.add(answer.lines.map((l) => ({
    group: "edges",
    data: { id: id(l), source: l.from, target: l.to, kinds: l.kinds.join(" "), label: l.kinds.join(", "), inferred: l.inferred ? 1 : 0, health: health(l.trouble), ...way(at.get(l.from), at.get(l.to), l.bends) },
  })))
  cy.endBatch()
  recolour()
  if (!fitted) fit(0.3)
  else if (state.pan && state.zoom) cy.viewport({ zoom: state.zoom, pan: state.pan })
  fitted = true
}

/** The whole picture, in the middle; one that would be too small to read begins at its left upper corner. */
function fit(least = 0): void {
  const [wide, high] = [stage.clientWidth, stage.clientHeight]
  const zoom = Math.max(least, Math.min(wide / (answer?.width || 1), high / (answer?.height || 1), 1.3))
  const at = (room: number, size = 0) => Math.max((room - size * zoom) / 2, least ? 0 : -Infinity)
  cy.viewport({ zoom, pan: { x: at(wide, answer?.width), y: at(high, answer?.height) } })
}

const health = (t: drawing.Trouble) => (t.errors ? "error" : t.warnings ? "warning" : t.notes ? "note" : "ok")

/** Bends as the renderer wants them: how far along the straight line between the boxes, and how far beside it. */
function way(a: drawing.Cell | undefined, b: drawing.Cell | undefined, bends: number[][]): { weights?: string; distances?: string } {
  if (!a || !b || a === b) return {}
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const square = dx * dx + dy * dy || 1
  const middle = (a.x + b.x) / 2
  const points = bends.length ? bends : Math.abs(dy) > 4 && Math.abs(dx) > 60 ? [[middle, a.y], [middle, b.y]] : []
  if (!points.length) return {}
  const relative = points.map(([x = 0, y = 0]) => [((x - a.x) * dx + (y - a.y) * dy) / square, ((y - a.y) * dx - (x - a.x) * dy) / Math.sqrt(square)])
  return { weights: relative.map(([w]) => w!.toFixed(3)).join(" "), distances: relative.map(([, d]) => d!.toFixed(1)).join(" ") }
}

function light(): void {
  cy.elements().removeClass("on faded")
  const chosen = state.chosen ? cy.getElementById(state.chosen) : cy.collection()
  if (chosen.empty()) return
  const near = chosen.nodes().closedNeighborhood().union(chosen).union(chosen.edges().connectedNodes())
  cy.elements().not(near).not(near.parents()).addClass("faded")
  chosen.addClass("on")
}

// ---- the panel

function choose(name?: string): void {
  state.chosen = name
  for (const next of [save, light, say]) next()
}

function say(): void {
  const box = answer?.boxes.find((b) => b.name === state.chosen)
  const line = answer?.lines.find((l) => id(l) === state.chosen)
  panel.replaceChildren(...(box ? aboutBox(box) : line ? aboutLine(line) : overview()))
  panel.scrollTop = 0
}

const show = (...children: Child[]) => [...el("div", {}, children).childNodes]

function overview(): Node[] {
  if (!answer) return show(el("p", {}, "Drawing the map …"))
  const { boxes, lines, nodes, interactions } = answer
  return show(
    el("h2", {}, answer.name ?? "Everything"),
    el("p", { class: "dim" }, `${nodes} nodes, ${interactions} interactions. Choose a box or an arrow, here or in the picture.`),
    boxes.length === 0 && el("p", {}, "Nothing is left with these filters."),
    list("boxes", [...boxes].sort((a, b) => a.name.localeCompare(b.name)).map((b) => [link(b.name, () => choose(b.name)), el("span", { class: "dim" }, ` ${b.note || b.kind} `), badge(b.trouble)])),
    list("arrows", lines.slice(0, 500).map((l) => [link(`${l.from} → ${l.to}`, () => choose(id(l))), el("span", { class: "dim" }, ` ${l.kinds.join(", ")} `), badge(l.trouble)])),
  )
}

function aboutBox(box: drawing.Cell): Node[] {
  const group = box.kind === "group"
  const side = (from: boolean) => answer!.lines.filter((l) => (from ? l.from : l.to) === box.name)
  const row = (l: drawing.Line, other: string) => [link(other, () => choose(id(l))), el("span", { class: "dim" }, ` ${l.kinds.join(", ")} `), badge(l.trouble)]
  if (!group) code.postMessage({ type: "findings", keys: [`${box.kind}/${box.name}`] })
  return show(
    el("h2", {}, box.name, " ", badge(box.trouble)),
    el("div", { class: "dim" }, [box.kind, box.note].filter((w, i, all) => w && all.indexOf(w) === i).join(" · ")),
    place(box.at),
    el("p", { class: "row" }, group ? button("Open group", () => toggle(box.name)) : [
      button("Only what is near", () => focus(box.name), state.request.around === box.name),
      button("Show in tree", () => code.postMessage({ type: "reveal", name: box.name })),
      box.group ? button(`Close ${box.group}`, () => toggle(box.group!)) : false,
    ]),
    el("div", { id: "found" }),
    list("uses", side(true).map((l) => row(l, l.to))),
    list("used by", side(false).map((l) => row(l, l.from))),
    list("in it", box.members.map((name) => [link(name, () => focus(name))])),
    el("p", {}, link("Everything", () => choose())),
  )
}

function aboutLine(line: drawing.Line): Node[] {
  const both = line.from !== line.to && answer?.lines.find((l) => l.from === line.to && l.to === line.from)
  code.postMessage({ type: "findings", keys: line.passages.map((p) => p.key) })
  return show(
    el("h2", {}, link(line.from, () => choose(line.from)), " → ", link(line.to, () => choose(line.to)), " ", badge(line.trouble)),
    el("div", { id: "found" }),
    line.passages.map((p) => [
      el("h3", {}, p.from === line.from && p.to === line.to ? p.kind : `${p.from} → ${p.to} · ${p.kind}`, " ", p.certainty === "inferred" && el("span", { class: "badge note" }, "inferred"), badge(p.trouble)),
      el("div", { class: p.policies ? "" : "dim" }, p.policies || "no policy is stated"),
      el("ul", {}, p.operations.map((o) => el("li", {}, o.operation, place(o)))),
      p.operations.length === 0 && place(p.at),
    ]),
    line.more > 0 && el("p", { class: "dim" }, `and ${line.more} more interactions`),
    both && el("p", {}, link("The other direction", () => choose(id(both)))),
    el("p", {}, link("Everything", () => choose())),
  )
}

function found(message: Extract<ToPage, { type: "findings" }>): void {
  document.getElementById("found")?.replaceChildren(...show(list("findings", message.findings.map((f) => [
    el("span", { class: `badge ${f.severity}` }, f.severity), " ", f.message, " ", link(f.rule, () => code.postMessage({ type: "explain", rule: f.rule }), "What this rule means"), place(f),
  ]))))
}

// ---- the toolbar

function tools(): void {
  if (!answer) return
  const { request } = state
  const names = answer.boxes.flatMap((b) => (b.members.length ? b.members : [b.name]))
  const focused = document.activeElement?.id
  const search = el("input", { id: "search", type: "search", list: "names", placeholder: "Find ( / )", "aria-label": "Find a service, store or broker", change: (e) => find((e.target as HTMLInputElement).value) })
  const option = (value: string, text: string, on: boolean) => el("option", { value, selected: on }, text)
  bar.replaceChildren(...show(
    search,
    el("datalist", { id: "names" }, names.map((name) => el("option", { value: name }))),
    el("label", {}, "Group ", el("select", { id: "group", change: (e) => ask({ group: (e.target as HTMLSelectElement).value, open: undefined }) },
      ["none", ...answer.groupings].map((way) => option(way, way === "none" ? "by nothing" : `by ${way}`, way === answer!.group)))),
    el("details", { class: "menu" }, el("summary", { id: "kinds" }, `Protocols${request.kinds?.length ? ` (${request.kinds.length})` : ""}`),
      el("div", {}, answer.kinds.map((kind) => el("label", {}, el("input", { type: "checkbox", checked: request.kinds?.includes(kind) ?? false, change: () => ask({ kinds: request.kinds?.includes(kind) ? request.kinds.filter((k) => k !== kind) : [...(request.kinds ?? []), kind] }) }), kind)))),
    button("With findings", () => ask({ troubled: !request.troubled }), request.troubled ?? false, "Only what findings are about"),
    request.around ? [
      el("label", {}, `Around ${request.around} `, el("select", { id: "hops", change: (e) => focus(request.around ?? undefined, Number((e.target as HTMLSelectElement).value)) },
        [1, 2, 3, 4].map((n) => option(`${n}`, `${n} hop${n > 1 ? "s" : ""}`, n === (request.hops ?? 1))))),
      button("Show all", () => focus(undefined)),
    ] : false,
    button("Fit", () => fit()),
  ))
  if (focused) document.getElementById(focused)?.focus()
}

/** Goes to a box; what is in a closed group, or left out, is shown with what is near it. */
function find(text: string): void {
  const wanted = text.trim().toLowerCase()
  if (!wanted || !answer) return
  const names = answer.boxes.flatMap((b) => [b.name, ...b.members])
  const name = names.find((n) => n.toLowerCase() === wanted) ?? names.find((n) => n.toLowerCase().includes(wanted)) ?? text.trim()
  if (!answer.boxes.some((b) => b.name === name)) return focus(name)
  choose(name)
  cy.animate({ center: { eles: cy.getElementById(name) }, zoom: Math.max(cy.zoom(), 0.9), duration: 150 })
}

// ---- what happens

cy.on("tap", (event) => {
  const chosen: string | undefined = event.target === cy ? undefined : event.target.id()
  choose(chosen?.startsWith("group/") ? undefined : chosen)
})
cy.on("dbltap", "node", (event) => {
  const { id, kind } = event.target.data()
  if (kind === "frame") toggle(id.slice("group/".length))
  else if (kind === "group") toggle(id)
  else focus(id)
})
cy.on("viewport", () => Object.assign(state, { zoom: cy.zoom(), pan: { ...cy.pan() } }))
stage.addEventListener("pointerup", save)
stage.addEventListener("wheel", save, { passive: true })
addEventListener("resize", () => cy.resize())
addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement
  if (event.key === "/" && !typing) document.getElementById("search")?.focus(), event.preventDefault()
  else if (event.key === "Escape") choose()
  else if ((event.key === "+" || event.key === "-") && !typing) cy.zoom({ level: cy.zoom() * (event.key === "+" ? 1.25 : 0.8), renderedPosition: { x: stage.clientWidth / 2, y: stage.clientHeight / 2 } })
})
addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  switch (data?.type) {
    case "drawing":
      answer = data.answer
      return [draw, tools, light, say].forEach((next) => next())
    case "changed":
      return ask()
    case "focus":
      state.request.around = state.chosen = data.name
      fitted = false
      return ask()
    case "findings":
      return found(data)
    case "refused":
      return panel.replaceChildren(...show(el("p", {}, data.message), state.request.around ? el("p", {}, link("Everything", () => focus(undefined))) : false))
    case "png":
      return code.postMessage({ type: "png", data: cy.png({ full: true, scale: 2, maxWidth: 8000, maxHeight: 8000, bg: getComputedStyle(document.body).backgroundColor }) })
  }
})
say()
ask()
