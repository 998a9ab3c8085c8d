import { createHash } from "node:crypto";
import { pageHtml } from "./page-html.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";

export interface Page {
  readonly html: string;
  /** Lets the page run its own script and style, ask its own server, and nothing else. */
  readonly contentSecurityPolicy: string;
}

/** The page for operators: one text without any part from elsewhere. */
export function createPage(): Page {
  return {
    html: pageHtml({ script: pageScript, style: pageStyle }),
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src '${digest(pageScript)}'`,
      `style-src '${digest(pageStyle)}'`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  };
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
