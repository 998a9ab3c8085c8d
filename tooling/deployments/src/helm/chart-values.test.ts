import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { helmTemplate } from "../manifests/run-helm.ts";
import { mergeValues } from "./chart-values.ts";
import { defaultValues, hasHelm, leastValues } from "./chart-variants.ts";
import {
  pathsOfSchema,
  pathsOfValues,
  readValuesSchema,
  refusalOf,
  type ValuesSchema,
  valuesOf,
} from "./values-schema.ts";

/** Where Kubernetes, a mesh or the user says what may be in it. */
const freeForm = [
  "affinity",
  "global",
  "nodeSelector",
  "otel.resourceAttributes",
  "podAnnotations",
  "podLabels",
  "prometheusRule.labels",
  "resources.limits",
  "resources.requests",
  "service.annotations",
  "serviceAccount.annotations",
  "serviceMonitor.labels",
  "serviceMonitor.tlsConfig",
  "settings",
] as const;

const schema = readValuesSchema();
const known = pathsOfSchema(schema);

describe("values.schema.json", () => {
  it("describes each value of values.yaml, and knows no other", () => {
    const isFree = (path: string): boolean => freeForm.some((free) => path.startsWith(`${free}.`));
    const values = pathsOfValues(defaultValues()).filter((path) => !isFree(path));
    const paths = known.map(([path]) => path).filter((path) => !isFree(path));
    expect(paths.toSorted()).toEqual([...values, "global"].toSorted());
    expect(known.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([]);
  });

  it("is open only where others say what may be in it", () => {
    const objects = [["", schema] as const, ...known].filter(([, it]) => isObject(it));
    const open = objects.filter(([, it]) => it.additionalProperties !== false);
    expect(open.map(([path]) => path).toSorted()).toEqual(freeForm);
  });
});

describe.skipIf(!hasHelm())("Helm", () => {
  it("refuses an unknown value, wherever it is", async () => {
    const closed = known.filter(([, it]) => it.additionalProperties === false);
    const places = ["", ...closed.map(([path]) => `${path}.`)];
    const property = fc.asyncProperty(fc.stringMatching(/^[a-z]{3,8}Q[a-z]{3,8}$/), async (key) => {
      const unknown = valuesOf(places.map((place) => [`${place}${key}`, 1]));
      const said = await refusal(unknown);
      for (const place of places) {
        const refusal = refusalOf(place.slice(0, -1)).source;
        expect(said).toMatch(new RegExp(`${refusal}dditional propert.*\\b${key}\\b`, "m"));
      }
    });
    await fc.assert(property, { numRuns: 5 });
  });

  it("refuses a value of another type, wherever it is", async () => {
    const leaves = known.filter(([path, it]) => it.properties === undefined && path !== "global");
    // No value may be a list, and no list a text.
    const wrong = leaves.map(([path, it]) => [path, it.type === "array" ? "x" : []] as const);
    const said = await refusal(valuesOf(wrong));
    for (const [path] of leaves) {
      expect(said).toMatch(refusalOf(path));
    }
  });
});

describe.skipIf(!hasHelm())("null, which takes a default away,", () => {
  const mayBe = [/^global$/, /^podSecurity\./, /^resources\.(limits|requests)\b/];
  const isEmptied = (path: string, { type, properties }: ValuesSchema): boolean =>
    type === "array" || (type === "object" && !properties) || mayBe.some((it) => it.test(path));
  const setToNull = (paths: readonly string[]): object =>
    mergeValues(leastValues, { ...valuesOf(paths.map((path) => [path, null])) });

  it("is refused by name where a value must be", async () => {
    const closed = known.filter(([path, it]) => !isEmptied(path, it));
    // One that is in another is told when the other is there.
    const [outer, inner] = [true, false].map((whole) =>
      closed.filter(([, it]) => isObject(it) === whole).map(([path]) => path),
    );
    for (const paths of [inner ?? [], (outer ?? []).filter((path) => !path.includes("."))]) {
      const said = await refusal(setToNull(paths));
      for (const path of paths) {
        expect(said, path).toMatch(
          new RegExp(
            `\\b${path.split(".").at(-1)}\\b.* required|missing propert.*\\b${path.split(".").at(-1)}\\b`,
          ),
        );
      }
    }
  });

  it("is as good as an empty list or map", async () => {
    const emptied = known.filter(([path, it]) => isEmptied(path, it) && path !== "global");
    expect(await refusal(setToNull(emptied.map(([path]) => path)))).toBe("rendered");
  });
});

function isObject({ type }: ValuesSchema): boolean {
  return type === "object";
}

async function refusal(set: object): Promise<string> {
  return await helmTemplate({ set: { ...set } }).then(
    () => "rendered",
    (error: Error) => error.message,
  );
}
