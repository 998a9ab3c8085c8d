/** A setting as the log may have it: no user and password of a URL, nothing after its ?, and no key. */
export function withoutSecrets(value: string): string {
  return value
    .replace(/-----BEGIN.*/s, "-----BEGIN…")
    .replace(/^(?!sqlite:)([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1…@")
    .replace(/^([^?]*:[^?]*)\?.*/s, "$1?…");
}
