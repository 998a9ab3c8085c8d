import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { describe, expect, it } from "vitest";
import { choiceMapper } from "../test/fixture-mappers.ts";
import { thrownBy } from "../test/thrown-by.ts";
import { copy, createMapper, int32, oneof } from "./index.ts";

type Action =
  | { readonly kind: "rename"; readonly value: string }
  | { readonly kind: "resizeTo"; readonly value: number };

type ActionMessage = { $case: "rename"; value: string } | { $case: "resizeTo"; value: number };

const action = oneof<Action, ActionMessage>({ rename: copy, resizeTo: int32 });
const mapper = createMapper<{ action: Action }, { action: ActionMessage | undefined }>()({
  action,
});

describe("oneof", () => {
  it("maps the case that is there", () => {
    const message = choiceMapper.toProto({ value: { kind: "text", value: "a" }, other: null });
    expect(message).toEqual({ value: { $case: "text", value: "a" }, other: undefined });
    expect(choiceMapper.fromProto(message).value).toEqual({ kind: "text", value: "a" });
  });

  it("refuses one that is absent, by its own name", () => {
    expect(thrownBy(() => mapper.fromProto({ action: undefined }))).toMatchObject({
      violations: [{ field: "action", description: "must be one of rename, resizeTo, got none" }],
    });
  });

  it("names the field of the case, with and without a mapper around it", () => {
    const wire: ActionMessage = { $case: "resizeTo", value: 0.5 };
    for (const run of [() => mapper.fromProto({ action: wire }), () => action.fromProto(wire)]) {
      expect(thrownBy(run)).toMatchObject({ violations: [{ field: "resize_to" }] });
    }
  });

  it.each(["toString", "__proto__", ""])("refuses a case that it does not know: %j", (name) => {
    const unknown = { $case: name, kind: name, value: 1 } as never;
    expect(thrownBy(() => action.fromProto(unknown))).toBeInstanceOf(ValidationError);
    expect(thrownBy(() => action.toProto(unknown))).toBeInstanceOf(ValidationError);
  });
});
