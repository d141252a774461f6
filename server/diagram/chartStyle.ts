/** The colours of a drawing that stands alone. */
const colours = {
  light: `
  --chart-paper: #fff; --chart-compound: #f6f8fa; --chart-state: #fff; --chart-border: #afb8c1;
  --chart-ink: #1f2328; --chart-muted: #59636e; --chart-line: #6e7781;
  --chart-accent: #0969da; --chart-lit: #ddf4ff;
`,
  dark: `
  --chart-paper: #0d1117; --chart-compound: #151b23; --chart-state: #212830; --chart-border: #59626e;
  --chart-ink: #f0f6fc; --chart-muted: #a2abb5; --chart-line: #9198a1;
  --chart-accent: #58a6ff; --chart-lit: #0d3468;
`,
} as const;

/**
 * The style of a drawing without its colours, which a page gives as the custom properties `--chart-…`. An active
 * state has the class `lit`. The transition that was taken last has the class `taken`, and so has its line.
 */
export const chartStyle = `
.chart text {
  font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace;
  fill: var(--chart-muted);
}
.chart text.name { font: 600 13px ui-sans-serif, system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif }
.chart text.name, .chart .transition text { fill: var(--chart-ink) }
.chart .state rect, .chart .state circle { fill: var(--chart-state); stroke: var(--chart-border) }
.chart .compound rect, .chart .parallel rect { fill: var(--chart-compound) }
.chart .root rect { fill: var(--chart-paper) }
.chart .region rect { stroke-dasharray: 6 4 }
.chart .line, .chart .initial {
  fill: none; stroke: var(--chart-line); stroke-width: 1.2; stroke-linejoin: round; stroke-linecap: round;
}
.chart .dot { fill: var(--chart-line) }
.chart .lit rect, .chart .lit circle { stroke: var(--chart-accent); stroke-width: 2; fill: var(--chart-lit) }
.chart .compound.lit rect, .chart .parallel.lit rect { fill: var(--chart-compound) }
.chart .root.lit rect { fill: var(--chart-paper) }
.chart .line.taken { stroke: var(--chart-accent); stroke-width: 2.8 }
.chart .taken text, .chart text.taken { fill: var(--chart-accent); font-weight: 700 }
`;

/** The style and the colours, for a drawing that stands alone. */
export const standaloneStyle = `
.chart {${colours.light}}
@media (prefers-color-scheme: dark) { .chart {${colours.dark}} }
${chartStyle}`;
