/**
 * Whether `value` is an error with this brand. Brands are registered symbols, so that two installed
 * copies of this package recognise each other's errors.
 */
export function hasBrand(value: unknown, brand: symbol): boolean {
  try {
    return value instanceof Error && brand in value;
  } catch {
    // A proxy may throw at any question.
    return false;
  }
}
