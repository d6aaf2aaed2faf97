// How the map looks: every colour is one of the editor's, so that it follows light, dark and high contrast themes.
import type cytoscape from "cytoscape"

const KINDS: Record<string, [colour: string, shape: string]> = {
  service: ["charts-blue", "round-rectangle"],
  gateway: ["charts-purple", "hexagon"],
  server: ["charts-purple", "round-rectangle"],
  database: ["charts-green", "barrel"],
  cache: ["charts-yellow", "barrel"],
  broker: ["charts-orange", "rectangle"],
  external: ["descriptionForeground", "round-rectangle"],
  tool: ["descriptionForeground", "round-rectangle"],
  group: ["foreground", "round-rectangle"],
}

export function paint(css: CSSStyleDeclaration): cytoscape.StylesheetJson {
  const colour = (name: string, otherwise: string) => css.getPropertyValue(`--vscode-${name}`).trim() || otherwise
  const ink = colour("foreground", "#888")
  const paper = colour("editor-background", "#fff")
  const soft = colour("descriptionForeground", ink)
  const health = { error: colour("list-errorForeground", "#d33"), warning: colour("list-warningForeground", "#b80"), note: colour("editorInfo-foreground", "#37c") }
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle", width: "data(width)", height: "data(height)", label: "data(label)", color: ink, "text-wrap": "wrap",
        "text-valign": "center", "text-halign": "center", "font-size": 12, "font-family": colour("font-family", "sans-serif"), "line-height": 1.25,
        "background-color": soft, "background-opacity": 0.16, "border-width": 1.4, "border-color": soft, "min-zoomed-font-size": 5,
      },
    },
    ...Object.entries(KINDS).map(([kind, [name, shape]]) => ({
      selector: `node[kind = "${kind}"]`,
      style: { shape, "background-color": colour(name, soft), "border-color": colour(name, soft) } as cytoscape.Css.Node,
    })),
    { selector: 'node[kind = "external"], node[kind = "tool"]', style: { "border-style": "dashed", "background-opacity": 0.05 } },
    { selector: 'node[kind = "group"]', style: { "border-style": "double", "border-width": 4 } },
    {
      selector: 'node[kind = "frame"]',
      style: { "background-opacity": 0.05, "border-width": 1, "border-style": "solid", "text-valign": "top", "text-halign": "center", "text-margin-y": -3, padding: "14px", color: soft, "font-weight": "bold" },
    },
    {
      selector: "edge",
      style: {
        width: 1.3, "line-color": soft, "target-arrow-color": soft, "target-arrow-shape": "triangle", "arrow-scale": 0.9, "curve-style": "bezier", "font-size": 10,
        color: soft, "text-background-color": paper, "text-background-opacity": 1, "text-background-padding": "2px", "min-zoomed-font-size": 7,
      },
    },
    {
      selector: "edge[weights]",
      style: { "curve-style": "unbundled-bezier", "control-point-weights": "data(weights)", "control-point-distances": "data(distances)", "edge-distances": "node-position" } as unknown as cytoscape.Css.Edge,
    },
    { selector: "edge[inferred = 1]", style: { "line-style": "dashed" } },
    ...Object.entries(health).flatMap(([word, tint]) => [
      { selector: `node[health = "${word}"]`, style: { "border-color": tint, "border-width": word === "note" ? 1.8 : 3 } },
      { selector: `edge[health = "${word}"]`, style: { "line-color": tint, "target-arrow-color": tint, width: word === "note" ? 1.5 : 2 } },
    ]),
    { selector: ".faded", style: { opacity: 0.18 } },
    { selector: "node.on", style: { "border-color": colour("focusBorder", "#07f"), "border-width": 3, "background-opacity": 0.3 } },
    { selector: "edge.on", style: { "line-color": colour("focusBorder", "#07f"), "target-arrow-color": colour("focusBorder", "#07f"), width: 2.6, label: "data(label)" } },
  ]
}
