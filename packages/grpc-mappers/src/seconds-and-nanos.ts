/** A google.protobuf.Timestamp or Duration, as ts-proto has them. */
export interface SecondsAndNanos {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Whether `nanos` can be the billionths of an amount with these whole units: less than one, same sign. */
export function agree(units: bigint, nanos: number): boolean {
  return (
    Number.isInteger(nanos) &&
    Math.abs(nanos) <= 999_999_999 &&
    !(units > 0n && nanos < 0) &&
    !(units < 0n && nanos > 0)
  );
}
