import { Decimal } from "@grpc-kit/generated-protos/google/type/decimal";
import { Money } from "@grpc-kit/generated-protos/google/type/money";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { thrownBy } from "../test/thrown-by.ts";
import { createMapper, decimal, money, moneyAsDecimal } from "./index.ts";

const anyMoney = fc
  .tuple(
    fc.stringMatching(/^[A-Z]{3}$/),
    fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })),
    fc.oneof(fc.constant(0), fc.nat(999_999_999)),
    fc.boolean(),
  )
  .map(([currencyCode, units, nanos, isNegative]) =>
    isNegative ? { currencyCode, units: -units, nanos: 0 - nanos } : { currencyCode, units, nanos },
  );

describe("money", () => {
  it("gives back every valid amount, over the wire", () => {
    fc.assert(
      fc.property(anyMoney, (value) => {
        const wire = Money.decode(Money.encode(money.toProto(value)).finish());
        expect(money.fromProto(wire)).toEqual(value);
      }),
    );
  });

  it.each([
    undefined,
    { currencyCode: "", units: 0n, nanos: 0 },
    { currencyCode: "eur", units: 0n, nanos: 0 },
    { currencyCode: "EURO", units: 0n, nanos: 0 },
    { currencyCode: "EUR\n", units: 0n, nanos: 0 },
    { currencyCode: "EUR", units: 1n, nanos: -1 },
    { currencyCode: "EUR", units: -1n, nanos: 1 },
    { currencyCode: "EUR", units: 0n, nanos: 1_000_000_000 },
    { currencyCode: "EUR", units: 0n, nanos: 0.5 },
    { currencyCode: "EUR", units: 2n ** 63n, nanos: 0 },
  ])("refuses %o", (wire) => {
    expect(thrownBy(() => money.fromProto(wire))).toBeInstanceOf(ValidationError);
    expect(thrownBy(() => moneyAsDecimal.fromProto(wire))).toBeInstanceOf(ValidationError);
  });
});

describe("moneyAsDecimal", () => {
  it.each([
    ["24.9", 24n, 900_000_000],
    ["0", 0n, 0],
    ["-0.000000001", 0n, -1],
    ["-1.75", -1n, -750_000_000],
    ["9223372036854775807.999999999", 2n ** 63n - 1n, 999_999_999],
    ["-9223372036854775808", -(2n ** 63n), 0],
  ])("writes and reads %s", (amount, units, nanos) => {
    const wire = { currencyCode: "EUR", units, nanos };
    expect(moneyAsDecimal.toProto({ currencyCode: "EUR", amount })).toEqual(wire);
    expect(moneyAsDecimal.fromProto(wire)).toEqual({ currencyCode: "EUR", amount });
  });

  it("gives back every valid amount", () => {
    fc.assert(
      fc.property(anyMoney, (wire) => {
        expect(moneyAsDecimal.toProto(moneyAsDecimal.fromProto(wire))).toEqual(wire);
      }),
    );
  });

  it("loses no more than zeros at the end", () => {
    const wire = moneyAsDecimal.toProto({ currencyCode: "EUR", amount: "24.90" });
    expect(moneyAsDecimal.fromProto(wire).amount).toBe("24.9");
  });

  it.each(["", "1.", ".5", "01", "+1", "1e3", "1,5", "1.0000000001", "NaN", "9223372036854775808"])(
    "refuses %j",
    (amount) => {
      const value = { currencyCode: "EUR", amount };
      expect(thrownBy(() => moneyAsDecimal.toProto(value))).toBeInstanceOf(ValidationError);
    },
  );
});

describe("decimal", () => {
  it.each([
    ["2.5", "2.5"],
    ["+2.5", "2.5"],
    [".5", "0.5"],
    ["-.5", "-0.5"],
    ["5.", "5"],
    ["2.50", "2.50"],
    ["2.5e8", "2.5E+8"],
    ["2.5E-8", "2.5E-8"],
    ["2.5E0", "2.5"],
    ["2.5E+00", "2.5"],
    ["", "0"],
    ["123456789012345678901234567890.1", "123456789012345678901234567890.1"],
  ])("makes of %j the text %j, both ways", (text, normal) => {
    expect(decimal.toProto(text)).toEqual({ value: normal });
    expect(decimal.fromProto({ value: text })).toBe(normal);
    expect(decimal.fromProto({ value: normal })).toBe(normal);
  });

  it.each(["-", ".", "e5", "1e", "1_000", "1,5", "NaN", " 1", "1\n", "0x1"])(
    "refuses %j",
    (text) => {
      expect(thrownBy(() => decimal.toProto(text))).toBeInstanceOf(ValidationError);
      expect(thrownBy(() => decimal.fromProto({ value: text }))).toBeInstanceOf(ValidationError);
    },
  );

  it("has to be there, and takes the generated message", () => {
    expect(() => decimal.fromProto(undefined)).toThrow("must be present, got none");
    const mapper = createMapper<{ rate: string }, { rate: Decimal | undefined }>()({
      rate: decimal,
    });
    expect(mapper.fromProto({ rate: Decimal.create({ value: "1.5" }) })).toEqual({ rate: "1.5" });
  });
});
