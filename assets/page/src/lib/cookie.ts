// Whether the browser takes cookies here. The one by which the server knows a browser again cannot be seen from a script,
// so one that means nothing is set and looked for.

const PROBE = "askd_probe=1";

export function cookieTaken(root: Pick<Document, "cookie"> = document): boolean {
  try {
    root.cookie = `${PROBE}; path=/; SameSite=Lax`;
    const taken = root.cookie.split("; ").includes(PROBE);
    root.cookie = `${PROBE}; path=/; SameSite=Lax; max-age=0`;
    return taken;
  } catch {
    // In a frame that is kept apart, asking is refused already.
    return false;
  }
}
