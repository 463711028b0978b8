// The headers under which the page must work, as the server sends them.

export const CSP =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; " +
  "form-action 'self'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html dompurify";
