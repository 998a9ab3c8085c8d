export interface SubjectAltName {
  /** "DNS", "URI", "IP Address", "email" and others, as OpenSSL calls them. */
  readonly type: string;
  readonly value: string;
}

// Node.js writes a value that could be taken for more than one as a JSON string (CVE-2021-44532).
const entry = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, (?!$)|$)/y;

/**
 * The names in `subjectaltname` of a certificate of node:tls. Undefined if it cannot be read to its end:
 * then nothing in it can be relied on.
 */
export function toSubjectAltNames(text: string): readonly SubjectAltName[] | undefined {
  const names: SubjectAltName[] = [];
  entry.lastIndex = 0;
  while (entry.lastIndex < text.length) {
    const [, type, quoted] = entry.exec(text) ?? [];
    const value = quoted === undefined ? undefined : unquote(quoted);
    if (type === undefined || value === undefined) {
      return undefined;
    }
    names.push({ type, value });
  }
  return names;
}

function unquote(value: string): string | undefined {
  if (!value.startsWith('"')) {
    return value;
  }
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
