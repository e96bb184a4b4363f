/** The style of a page with timings, in light and dark colours. */
export const STYLE = `
:root{color-scheme:light dark;--t:#1f2328;--m:#59636e;--p:#fff;--q:#f6f8fa;--g:#d1d9e0;--b:#54aeff;--k:#bc4c00;--c:#8c959f;--e:#cf222e;--h:255,170,60}
@media(prefers-color-scheme:dark){:root{--t:#f0f6fc;--m:#9198a1;--p:#0d1117;--q:#151b23;--g:#3d444d;--b:#388bfd;--k:#db6d28;--c:#656c76;--e:#f85149;--h:219,109,40}}
*{box-sizing:border-box}body{margin:1.5rem;font:15px/1.5 system-ui,sans-serif;color:var(--t);background:var(--p)}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}small,caption,.m{color:var(--m)}caption{text-align:left}
a{color:inherit;text-decoration-color:var(--m)}ul.y{font-size:1.05rem;padding-left:1.2rem}
table{border-collapse:collapse;width:100%;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
td,th{padding:1px 8px 1px 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}thead th{border-bottom:1px solid var(--g)}.n{text-align:right;white-space:nowrap}
.v{overflow-x:auto}.l th{padding-top:10px}.w{width:40%;min-width:16rem}td.w{position:relative;border-left:1px solid var(--g);border-right:1px solid var(--g)}
i{position:absolute;top:4px;height:12px;min-width:2px;border-radius:2px;background:var(--b)}.k i{background:var(--k)}.c i{background:var(--c)}.e i{background:var(--e)}
.c td{color:var(--m)}.k td:nth-child(2){font-weight:600}.e td:nth-child(2){color:var(--e)}
tr:target,tr:focus,tr.i{background:var(--q);outline:2px solid var(--b);outline-offset:-2px}tr.i{outline-style:dashed;outline-color:var(--k)}tr.o{outline:2px dotted var(--c);outline-offset:-2px}
.x{color:var(--e)}pre{overflow-x:auto;background:var(--q);padding:.8rem}
#f{font:inherit;width:22rem;max-width:100%}kbd{border:1px solid var(--g);border-radius:3px;padding:0 4px}
.d td{white-space:pre-wrap;background:rgba(var(--h),var(--a,0))}
@media(min-width:1500px){main{display:grid;grid-template-columns:minmax(0,1.7fr) minmax(0,1fr);gap:2rem}}
@media(max-width:700px){body{margin:.6rem}.z{display:none}.w{min-width:7rem}}
@media print{.j{display:none}}`;
