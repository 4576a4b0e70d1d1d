// When a scheduled message is due, as it lies with the message in its log: a number of 8 bytes. From 0 on it is a delay in
// milliseconds that begins when the message is handed to the channels, as the original has it (DPUB, `/pub?defer=<ms>`);
// below 0, the due time itself, negated, in Unix milliseconds.

/** As it is stored: due at a time, whatever happens meanwhile. */
export function dueAt(wallMs: number): number {
  return -wallMs
}

/** The due time, in Unix milliseconds; null: it is not known before the message is handed to the channels. */
export function dueTimeOf(stored: number): number | null {
  return stored < 0 ? -stored : null
}

/** How long it is still to wait when it is handed to the channels, in milliseconds. */
export function remainingMs(stored: number, wallMs: number): number {
  return stored < 0 ? Math.max(0, -stored - wallMs) : stored
}
