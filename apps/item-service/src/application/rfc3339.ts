const pattern =
  /^(?<date>\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,3}0*)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads a timestamp as in https://www.rfc-editor.org/rfc/rfc3339#section-5.6, or returns undefined.
 * Refused as well are leap seconds, which a Date cannot hold, and fractions of a millisecond.
 */
export function parseRfc3339(text: string): Date | undefined {
  const date = pattern.exec(text)?.groups?.date;
  if (date === undefined) {
    return undefined;
  }
  // Date takes the 30th of February for the 1st of March.
  const day = new Date(`${date}T00:00:00Z`);
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
  return exists ? new Date(text) : undefined;
}
