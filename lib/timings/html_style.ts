/** The style of a page with timings, in light and dark colours, on paper, and on a phone. */
export const STYLE = `
:root{color-scheme:light dark;--t:#1f2328;--m:#59636e;--p:#fff;--q:#f6f8fa;--g:#d1d9e0;--b:#0969da;--k:#bc4c00;--c:#818b98;--e:#cf222e;--o:#fff;--h:255,150,40}
@media(prefers-color-scheme:dark){:root{--t:#f0f6fc;--m:#9198a1;--p:#0d1117;--q:#151b23;--g:#3d444d;--b:#4493f8;--k:#f0883e;--c:#656c76;--e:#f85149;--o:#0d1117;--h:240,136,62}}
[hidden]{display:none!important}html{scroll-padding-top:4rem}*{box-sizing:border-box}body{margin:1.5rem auto;padding:0 1.5rem;max-width:110rem;font:15px/1.5 system-ui,sans-serif;color:var(--t);background:var(--p);overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0}h1 b{white-space:nowrap;margin-left:.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}small,caption,.m{color:var(--m)}caption{text-align:left;padding-bottom:6px}
a{color:inherit;text-decoration:underline dotted var(--m);text-underline-offset:3px}a:hover{text-decoration-style:solid}.g{margin:.2rem 0 .6rem;color:var(--m)}.g span{margin-right:1.2rem;white-space:nowrap}.g i{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.4em;background:var(--b)}
.s{display:flex;height:2.2rem;border-radius:5px;overflow:hidden;gap:2px;font:12px/2.2rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.s>*{min-width:1px;flex:0 1 auto;overflow:hidden;text-overflow:ellipsis;background:var(--k);color:var(--o);text-decoration:none;white-space:nowrap}.s i{font-style:normal;padding:0 8px}.s .o,.g .o i{background:var(--m)}.s .c{background:var(--c)}.s .e{background:var(--e)}
.s a:hover{text-decoration:underline}.s a:focus-visible{outline:3px solid var(--t);outline-offset:-3px}
ul.y{font-size:1.05rem;padding-left:1.2rem;margin:.8rem 0;max-width:75rem}
table{border-collapse:collapse;width:100%;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
td,th{padding:2px 8px 2px 0;text-align:left;vertical-align:top}
th{font-weight:600}thead th{border-bottom:1px solid var(--g);white-space:nowrap}.n,.t td:nth-child(1),.t td:nth-child(4),.t td:nth-child(5),.d td:nth-child(-n+2){text-align:right;white-space:nowrap}
.t thead th,.t tbody th{position:sticky;top:0;z-index:2;background:var(--p)}.t thead th{height:24px;border:0;box-shadow:inset 0 -1px var(--g)}.t tbody th{top:23px;z-index:1;padding-top:10px}.t td:first-child,.t th:first-child{padding-left:6px}
.w{width:45%;min-width:16rem;padding:2px 0 0}td:nth-child(6){position:relative;padding:0}
thead .w span{position:absolute;font-weight:400;color:var(--m)}td:nth-child(6){background:repeating-linear-gradient(90deg,var(--g) 0 1px,transparent 1px var(--g1,100%));border-right:1px solid var(--g)}
td i{position:absolute;top:4px;height:14px;min-width:3px;border-radius:2px;background:var(--b);max-width:100%}.k td i,.g .k i{background:var(--k)}.c td i,.g .c i{background:var(--c)}.e td i,.g .e i{background:var(--e)}
.c td{color:var(--m)}.k td:nth-child(2){font-weight:600}.e td:nth-child(2){color:var(--e)}small{font-weight:400;font-size:11px}
.t tr:hover td:not(:nth-child(6)){background:var(--q)}tr:target,tr:focus{outline:2px solid var(--b);outline-offset:-2px}tr.i,.h .i{outline:2px dashed var(--k);outline-offset:-2px}tr.o,.h .o{outline:2px dotted var(--c);outline-offset:-2px}tr:focus{outline-width:3px}
.h{margin:.5rem 0;font-size:12px;color:var(--m)}.h span{display:inline-block;padding:2px 8px;margin:2px 4px 2px 0}
.x,pre b{color:var(--e)}pre b{font-weight:400}tr.x td:first-child{color:var(--e);font-weight:600;box-shadow:inset 3px 0 var(--e)}.d a:focus-visible{outline:2px solid var(--b)}pre{overflow-x:auto;background:var(--q);padding:.8rem;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
#f{font:inherit;width:16rem;max-width:100%;padding:2px 6px}button{font:inherit;padding:2px 8px}button[aria-pressed=true]{background:var(--k);color:var(--o)}kbd{border:1px solid var(--g);border-radius:3px;padding:0 4px}
.d td{white-space:pre-wrap;background:rgba(var(--h),calc(var(--a,0)*.6))}.d td:nth-child(1){color:var(--m)}.d tr[style] td{color:var(--t)}.d td:nth-child(-n+2),.d th:nth-child(-n+2){width:1px;white-space:nowrap;padding-left:6px}
@media(min-width:1200px){main{display:grid;grid-template-columns:minmax(0,1.7fr) minmax(0,1fr);gap:2rem}main>section:only-child{grid-column:1/-1}}
@media(min-width:1200px) and (max-width:1500px){.y.z,.t td:nth-child(4){display:none}.w{min-width:12rem}}
@media(max-width:700px){.j small{display:none}body{padding:0 .7rem;margin:.7rem 0}.t,.t caption,.t tbody{display:block}.t tr{display:grid;grid-template-columns:calc(3ch + 8px) minmax(0,1fr) auto;padding:3px 6px}
.t tr>:first-child{padding-left:0;text-align:left}.t thead{display:block;position:sticky;top:0;z-index:2;background:var(--p);box-shadow:inset 0 -1px var(--g)}.t thead th{display:none}.t thead .w{display:block;position:relative;height:20px;box-shadow:none}.t tbody th{position:static;padding-top:6px}.t tbody tr:first-child{position:sticky;top:25px;z-index:1;background:var(--p)}
.t .w,.t tbody th,.t td:nth-child(6){grid-column:1/-1;width:auto;min-width:0;padding:0}.t td:nth-child(6){height:20px}.t td:nth-child(4),.t td:nth-child(3):empty{display:none}.t td:nth-child(3){grid-area:2/2/auto/-1;font-size:11px;color:var(--m)}.t td:nth-child(3)::before{content:"after "}.t td:nth-child(5){grid-area:1/3;padding-right:0}}
@media print{.j{display:none}.s>*,i{print-color-adjust:exact}.t tr>*,.t thead,.t tbody tr{position:relative!important;top:0!important}}`;
