import type { Metadata } from "@grpc/grpc-js";

declare const valueType: unique symbol;

/** Names a value of a call and carries the value's type. */
export type ContextKey<Value> = symbol & { readonly [valueType]?: Value };

/** Makes a key that equals no other. `name` is for people: it shows in debuggers. */
export function createContextKey<Value>(name: string): ContextKey<Value> {
  return Symbol(name);
}

/** What interceptors and handlers keep about one call. */
export interface CallValues {
  get<Value>(key: ContextKey<Value>): Value | undefined;
  set<Value>(key: ContextKey<Value>, value: Value): void;
}

// One string for all copies of this package, so that they share the values of a call.
const opaqueKey = "grpc-kit.call-values";

/**
 * The values of the call that came with this metadata; made when first asked for.
 *
 * They stay with the Metadata object and are never sent. An interceptor that passes on another
 * Metadata (a clone, for instance) leaves them behind.
 */
export function callValues(metadata: Metadata): CallValues {
  const existing = metadata.getOpaque(opaqueKey);
  if (existing !== undefined) {
    return existing as CallValues;
  }
  const values = new OwnValues();
  metadata.setOpaque(opaqueKey, values);
  return values;
}

// Keys are made once and are few, so that all calls have their values in the same places; a Map of as many
// costs twice the memory.
class OwnValues implements CallValues {
  readonly [key: symbol]: unknown;

  get<Value>(key: ContextKey<Value>): Value | undefined {
    return this[key] as Value | undefined;
  }

  set<Value>(key: ContextKey<Value>, value: Value): void {
    (this as { [key: symbol]: unknown })[key] = value;
  }
}
