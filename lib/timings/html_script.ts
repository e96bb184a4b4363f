/**
 * The script of a page with timings: keys, a filter, and what a step waited for
 * marked. Without it the page is the same table. It is the same on every page,
 * and no text of a build is in it.
 */
export const SCRIPT = `
(()=>{const d=document,rows=[...d.querySelectorAll("tr[id^=s]")],bar=d.querySelector(".j"),f=d.getElementById("f"),b=d.getElementById("c");
bar.hidden=false;let only=false;
const ins=r=>[...r.querySelectorAll("a[href^='#s']")].map(a=>d.getElementById(a.hash.slice(1))).filter(Boolean);
const outs=r=>rows.filter(o=>ins(o).includes(r));
const shown=()=>rows.filter(r=>!r.hidden);
const mark=r=>{for(const o of rows)o.classList.remove("i","o");for(const o of ins(r))o.classList.add("i");for(const o of outs(r))o.classList.add("o")};
const at=()=>{const r=d.activeElement.closest("tr[id^=s]");return r?shown().indexOf(r):-1};
const go=r=>{if(!r)return;for(const o of rows)o.tabIndex=-1;r.tabIndex=0;r.focus();r.scrollIntoView({block:"nearest"})};
const filter=()=>{const t=f.value.toLowerCase();for(const r of rows)r.hidden=only&&!r.hasAttribute("data-p")||!r.textContent.toLowerCase().includes(t);
for(const l of d.querySelectorAll(".t tbody"))l.hidden=!l.querySelector("tr[id]:not([hidden])");
const s=shown();for(const r of rows)r.tabIndex=-1;if(s[0])s[0].tabIndex=0};
const alone=()=>{only=!only;b.setAttribute("aria-pressed",only);filter()};
for(const r of rows){r.tabIndex=-1;r.addEventListener("focus",()=>mark(r))}if(rows[0])rows[0].tabIndex=0;
const all=()=>{f.value="";only=false;b.setAttribute("aria-pressed",false);filter()};
d.addEventListener("click",e=>{const a=e.target.closest("a[href^='#']"),t=a&&d.getElementById(a.hash.slice(1));if(!t)return;
e.preventDefault();if(t.hidden)all();location.hash=a.hash;if(rows.includes(t))go(t);else t.querySelector("a")?.focus()});
f.addEventListener("input",filter);b.addEventListener("click",alone);
d.addEventListener("keydown",e=>{if(e.ctrlKey||e.metaKey||e.altKey)return;
if(e.target===f){if(e.key==="Escape"){f.value="";filter();go(shown()[0])}return}
const i=at();if(i<0)return;
const s=shown(),r=s[i],to={ArrowDown:i+1,j:i+1,ArrowUp:Math.max(0,i-1),k:Math.max(0,i-1),Home:0,End:s.length-1}[e.key];
if(e.key==="/")f.focus();else if(e.key==="c"){alone();go(r.hidden?shown()[0]:r)}
else if(e.key==="ArrowLeft")go(ins(r).filter(o=>!o.hidden).at(-1));
else if(e.key==="Enter"&&d.activeElement===r){const a=r.querySelector("a[href^='#L']");if(!a)return;a.click()}
else if(to!==undefined)go(s[Math.min(to,s.length-1)]);else return;
e.preventDefault()})})()`;

/** Its hash, by which the page allows this script and no other. */
export const SCRIPT_HASH =
  "sha256-LmIl+65yVFmfpqUaxAG7tH1NxKQWRdF9aH7ReMQqi2I=";
