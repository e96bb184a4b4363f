/**
 * The script of a page with timings: keys, a filter, and what a step waited for
 * marked. Without it the page is the same table. It is the same on every page,
 * and no text of a build is in it.
 */
export const SCRIPT = `
(()=>{const d=document,rows=[...d.querySelectorAll("tr[id^=s]")],bar=d.querySelector(".j"),f=d.getElementById("f");
bar.hidden=false;let only=false;
const ins=r=>[...r.querySelectorAll("a[href^='#s']")].map(a=>d.getElementById(a.hash.slice(1))).filter(Boolean);
const outs=r=>rows.filter(o=>ins(o).includes(r));
const shown=()=>rows.filter(r=>!r.hidden);
const mark=r=>{for(const o of rows)o.classList.remove("i","o");for(const o of ins(r))o.classList.add("i");for(const o of outs(r))o.classList.add("o")};
const go=r=>{if(!r)return;for(const o of rows)o.tabIndex=-1;r.tabIndex=0;r.focus();r.scrollIntoView({block:"nearest"})};
const filter=()=>{const t=f.value.toLowerCase();for(const r of rows)r.hidden=only&&!r.hasAttribute("data-p")||!r.textContent.toLowerCase().includes(t);
const s=shown();for(const r of rows)r.tabIndex=-1;if(s[0])s[0].tabIndex=0};
for(const r of rows){r.tabIndex=-1;r.addEventListener("focus",()=>mark(r))}if(rows[0])rows[0].tabIndex=0;
f.addEventListener("input",filter);
d.addEventListener("keydown",e=>{if(e.ctrlKey||e.metaKey||e.altKey)return;
if(e.target===f){if(e.key==="Escape"){f.value="";filter();go(shown()[0])}return}
const s=shown(),at=s.indexOf(d.activeElement),to={ArrowDown:at+1,j:at+1,ArrowUp:Math.max(0,at-1),k:Math.max(0,at-1),Home:0,End:s.length-1}[e.key];
if(e.key==="/"){f.focus()}else if(e.key==="c"){only=!only;filter();go(shown()[0])}
else if(at>=0&&e.key==="ArrowLeft"){go(ins(s[at]).at(-1))}
else if(at>=0&&e.key==="Enter"&&d.activeElement===s[at]){const a=s[at].querySelector("a[href^='#L']");if(!a)return;location.hash=a.hash}
else if(to!==undefined&&(at>=0||e.key==="j")){go(s[Math.min(to,s.length-1)])}else return;
e.preventDefault()})})()`;

/** Its hash, by which the page allows this script and no other. */
export const SCRIPT_HASH =
  "sha256-v6ZzMEEeKeyxHs112Z3A5DLbcBx2ja+rtioKfXjDXLY=";
