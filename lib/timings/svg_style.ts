/**
 * The style of a picture with timings, in light and dark colours. The letters:
 * critical, beside it, cached, error, other time; paper; grid, joints; headline,
 * sentences, lanes, less important text, text on bars, failure, keys.
 */
export const SVG_STYLE = `
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.h{font-size:16px;font-weight:600}.s{font:13px system-ui,sans-serif}.l{font-weight:600}
.t{fill:#59636e}.i{fill:#fff}.f{fill:#cf222e}
.p{fill:#fff;stroke:#d1d9e0}.k{fill:#bc4c00}.b{fill:#0969da}.c{fill:#818b98}.e{fill:#cf222e}.o{fill:#59636e}.y{fill:#59636e}
.g{stroke:#d1d9e0}.j{stroke:#bc4c00;fill:none;stroke-dasharray:2 2}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.t{fill:#9198a1}.i{fill:#0d1117}.f{fill:#f85149}
.p{fill:#0d1117;stroke:#3d444d}.k{fill:#f0883e}.b{fill:#4493f8}.c{fill:#656c76}.e{fill:#f85149}.o{fill:#9198a1}.y{fill:#9198a1}
.g{stroke:#2f353d}.j{stroke:#f0883e}}`;
