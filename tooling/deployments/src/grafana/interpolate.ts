import type { Dashboard } from "./dashboard.ts";

/** What is chosen of a variable: one value, or several if it is `multi`. Default: all. */
export type Choices = Readonly<Record<string, string | readonly string[]>>;

/**
 * Puts values in the place of `$variables`, as Grafana does for Prometheus: several become a regular
 * expression, and so does one of a variable that may have several.
 * https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
 */
export function interpolate(
  text: string,
  { templating }: Dashboard,
  { choices, rateInterval }: { readonly choices: Choices; readonly rateInterval: string },
): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    if (name === "__rate_interval") {
      return rateInterval;
    }
    const variable = templating.list.find((each) => each.name === name);
    const choice = choices[name] ?? variable?.allValue;
    if (variable === undefined || choice === undefined) {
      throw new Error(`the dashboard or the choices must have a variable ${name}, for ${text}`);
    }
    if (choices[name] === undefined) {
      return choice as string;
    }
    if (!variable.multi) {
      return String(choice).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    }
    const escaped = [choice].flat().map((value) => String(value).replaceAll(special, "\\\\$&"));
    return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
  });
}

const special = /[$^*{}[\]'+?.()|]/g;

/**
 * `$__rate_interval` for a step and the least step of a query, all in seconds: at least four scrapes, so that
 * there are two of them even if one is late.
 */
export function rateInterval(step: number, leastStep: number): string {
  return `${Math.max(step + leastStep, 4 * leastStep)}s`;
}
