import type { Converter } from "./converter.ts";
import { refuse, show } from "./violation.ts";

/** A google.type.Decimal, as ts-proto has it. */
export interface Decimal {
  readonly value: string;
}

// The grammar of the type, whose fraction may stand without digits before or behind the point.
const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?)(\d+))?$/;

/**
 * A google.type.Decimal as text, of any length. Both ways write it as the type asks for: "+.5e3" is
 * "0.5E+3", and nothing at all is "0". Zeros at the end stay.
 * https://github.com/googleapis/googleapis/blob/master/google/type/decimal.proto
 */
export const decimal: Converter<string, Decimal, Decimal | undefined> = {
  toProto: (text) => ({ value: normalise(text) }),
  fromProto: (wire) => (wire === undefined ? refuse("present", "none") : normalise(wire.value)),
};

function normalise(text: string): string {
  if (text === "") {
    return "0";
  }
  const parts = DECIMAL.exec(text);
  if (parts === null) {
    return refuse("a decimal number like 2.5 or 2.5E+8", show(text));
  }
  const [, sign, whole = "0", decimals, bareDecimals, exponentSign, exponent = ""] = parts;
  const fraction = decimals || bareDecimals;
  const isExponentZero = /^0*$/.test(exponent);
  return [
    sign === "-" ? "-" : "",
    whole,
    fraction ? `.${fraction}` : "",
    isExponentZero ? "" : `E${exponentSign || "+"}${exponent}`,
  ].join("");
}
