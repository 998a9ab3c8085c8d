import { toSafeDetails } from "@grpc-kit/grpc-status";

export const redacted = "[redacted]";

const plainText = /^[ -~]*$/;

// What breaks a line, or shows what follows in another order: https://trojansource.codes
const misleading = /[\t\n\r]+|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

// Between a name and its value: of headers, URLs, JSON, and of JSON in a string.
const separator = String.raw`(\\?["']?\s?[:=]\s?(?:\[(?!redacted\])\s?)?\\?["']?)`;
const value = String.raw`(?!\[redacted\])[^\s"'\\,;&\]]+`;

// A text that was cut may end inside of a secret, so that none of these needs the end of one.
const secrets: readonly (readonly [RegExp, string])[] = [
  // grpc-js's own errors quote the value: a token that somebody tried to send.
  [/Metadata string value "(?:.*(?=" contains)|.*)/gs, `Metadata string value "${redacted}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, redacted],
  // Their values are more than one word.
  [
    new RegExp(`\\b((?:proxy-)?authorization|(?:set-)?cookie)${separator}[^"'\\r\\n]+`, "gi"),
    `$1$2${redacted}`,
  ],
  [
    /\b(bearer|dpop|negotiate)(\s+|%20|\+)["']?(?!tokens?(?:[\s,.;:]|$))[^\s"']+/gi,
    `$1 ${redacted}`,
  ],
  [/\b(basic)\s+(?:[a-z0-9+/_-]{12,}=*|[a-z0-9+/_-]{2,}={1,2})/gi, `$1 ${redacted}`],
  // A JSON Web Token: its header begins with `{"`.
  [/(?<![\w-])eyJ[\w-]{8,}[\w.-]*/g, redacted],
  [/\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/g, `//${redacted}@`],
  [
    new RegExp(
      `\\b(password|passwd|(?:client|api)[-_]?secret|(?:x-)?api[-_]?key|(?:access|refresh|id|auth)[-_]token|http_connect_creds)${separator}${value}`,
      "gi",
    ),
    `$1$2${redacted}`,
  ],
  // In prose a token has a colon behind it as well: "page_token: is too old".
  [
    new RegExp(
      String.raw`\b((?:[\w-]{0,64}[-_])?(?:token|secret))(=|\\?["']\s?:\s?\\?["'])${value}`,
      "gi",
    ),
    `$1$2${redacted}`,
  ],
];

// Each of the patterns needs one of these. Most texts have none, and a flood of refused calls has a text each.
const hint = /[:=]|bearer|dpop|negotiate|basic|eyJ|-----BEGIN|Metadata string value/i;

// Nobody reads more of an error, and patterns take their time.
const maxRedactedLength = 8192;

/**
 * The beginning of the text without what looks like credentials: tokens, passwords in URLs, values that
 * are named so.
 */
export function redactText(text: string): string {
  let safe = text.slice(0, maxRedactedLength);
  if (!hint.test(safe)) {
    return safe;
  }
  for (const [pattern, replacement] of secrets) {
    safe = safe.replaceAll(pattern, replacement);
  }
  return safe;
}

/** The text as one line of at most `maxBytes`, without what could pass for another line of a log. */
export function toLogText(text: string, maxBytes = 1024): string {
  if (text.length <= maxBytes && plainText.test(text)) {
    return text;
  }
  return toSafeDetails(text, maxBytes).replaceAll(misleading, " ");
}
