const sensitiveName =
  /password|passwd|passphrase|passcode|secret|token|authorization|cookie|credential|api_?key|private_?key|access_?key|e_?mail|phone|card_?number|(?:^|_)(?:auth|jwt|pwd|ssn|otp|pin|cvv|cvc|iban)(?:_|$)/;

/** A name as its words: "apiKey", "api-key" and "API_KEY" are all "api_key". */
export function toSnakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[-.\s]/g, "_")
    .toLowerCase();
}

/** Whether what has this name, metadata or a field of a message, is no business of a log. */
export function isSensitiveName(name: string): boolean {
  // A name that long is an attack, and what is behind its head may be anything.
  return name.length > 256 || sensitiveName.test(toSnakeCase(name));
}
