type Scalar = string | number | bigint | boolean | Uint8Array;

type Oneof = { readonly $case: string; readonly value: unknown };

/** How each field of a message takes part in updates. */
export type MaskFields<Message> = {
  readonly [Name in keyof Message]-?: FieldRule<Message[Name]>;
};

/**
 * How one field takes part in updates: `true` is replaced as a whole, "output-only" is set by the
 * server alone, and the fields of a message, given one by one, can be updated one by one. A field
 * that may be absent and is no message is "optional" or "optional-output-only".
 */
export type FieldRule<Field> = [NonNullable<Field>] extends [Oneof]
  ? OneofRule<NonNullable<Field>>
  : NonNullable<Field> extends Scalar | readonly unknown[] | ReadonlyMap<unknown, unknown>
    ? undefined extends Field
      ? "optional" | "optional-output-only"
      : true | "output-only"
    : true | "output-only" | MaskFields<NonNullable<Field>>;

/** The fields of a oneof, which are fields of the message. */
export interface OneofRule<Value extends Oneof> {
  readonly $case: {
    readonly [Name in Value["$case"]]:
      | true
      | CaseFields<Extract<Value, { readonly $case: Name }>["value"]>;
  };
  /** Whether the server alone sets it. Default: false. */
  readonly outputOnly?: boolean;
}

type CaseFields<Value> = Value extends Scalar ? never : MaskFields<Value>;
