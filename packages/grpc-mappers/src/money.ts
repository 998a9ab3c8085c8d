import type { Converter } from "./converter.ts";
import { agree } from "./seconds-and-nanos.ts";
import { refuse, show } from "./violation.ts";

/** A google.type.Money, as ts-proto has it. */
export interface Money {
  /** Three letters, of ISO 4217: "EUR". */
  readonly currencyCode: string;
  readonly units: bigint;
  /** Billionths of a unit, of the same sign. */
  readonly nanos: number;
}

/** An amount of money whose digits are text, as databases have them. */
export interface MoneyAsDecimal {
  /** Three letters, of ISO 4217: "EUR". */
  readonly currencyCode: string;
  /** "24.9" or "-0.05": at most nine digits after the point. */
  readonly amount: string;
}

const UNITS_MIN = -(2n ** 63n);
const UNITS_MAX = 2n ** 63n - 1n;

/** A google.type.Money as it is. It must be present and valid. */
export const money: Converter<Money, Money, Money | undefined> = {
  toProto: check,
  fromProto: check,
};

/**
 * A google.type.Money with its amount as decimal text. No value is lost; zeros at the end are, so
 * "24.90" comes back as "24.9".
 */
export const moneyAsDecimal: Converter<MoneyAsDecimal, Money, Money | undefined> = {
  toProto: ({ currencyCode, amount }) => {
    const parts = /^(-?)(0|[1-9]\d{0,18})(?:\.(\d{1,9}))?$/.exec(amount);
    if (parts === null) {
      return refuse("a decimal number like 24.9 with at most 9 decimals", show(amount));
    }
    const [, sign = "", units = "", decimals = ""] = parts;
    const nanos = Number(decimals.padEnd(9, "0"));
    return check({
      currencyCode,
      units: BigInt(`${sign}${units}`),
      // Taken from 0, so that none is -0.
      nanos: sign === "-" ? 0 - nanos : nanos,
    });
  },
  fromProto: (wire) => {
    const { currencyCode, units, nanos } = check(wire);
    const sign = units < 0n || nanos < 0 ? "-" : "";
    const decimals = Math.abs(nanos).toString().padStart(9, "0").replace(/0+$/, "");
    const whole = `${sign}${units < 0n ? -units : units}`;
    return { currencyCode, amount: decimals === "" ? whole : `${whole}.${decimals}` };
  },
};

function check(wire: Money | undefined): Money {
  if (wire === undefined) {
    return refuse("present", "none");
  }
  const { currencyCode, units, nanos } = wire;
  if (!/^[A-Z]{3}$/.test(currencyCode)) {
    refuse("an amount with a currency of three letters A-Z", show(currencyCode));
  }
  if (!(units >= UNITS_MIN && units <= UNITS_MAX && agree(units, nanos))) {
    refuse(
      "an amount of 64 bits, with billionths of the same sign",
      `${units} units and ${nanos} billionths`,
    );
  }
  return { currencyCode, units, nanos };
}
