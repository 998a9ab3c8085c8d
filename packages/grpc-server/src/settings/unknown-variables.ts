import { nearestName } from "./nearest-name.ts";
import { isServiceLink } from "./service-links.ts";

export interface VariableNames {
  /** What the names begin with: "GRPC_SERVER_". */
  readonly prefix: string;
  /** All that there are. */
  readonly names: readonly string[];
}

/**
 * Returns a line for each variable that begins with `prefix` and is none of `names`, with the one that
 * was probably meant. What Kubernetes sets for a Service of such a name is left out.
 */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  { prefix, names }: VariableNames,
): readonly string[] {
  return Object.entries(environment)
    .filter(
      ([name, value]) =>
        value !== undefined &&
        name.startsWith(prefix) &&
        !names.includes(name) &&
        !isServiceLink(name, value, prefix),
    )
    .map(([name]) => {
      const nearest = nearestName(name, names);
      // Without its value, which may be a secret of somebody else's.
      return `${name} is unknown${nearest === undefined ? "" : `, did you mean ${nearest}?`}`;
    });
}
