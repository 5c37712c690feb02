/** Whoever runs a plan hears of long waits, and may want to stop. */
export interface Watcher {
  /** A wait of over a second: what for, how long so far, how long at most (seconds). */
  waiting(what: string, seconds: number, bound: number): void;
  /** The exit status of a signal that came meanwhile. */
  interrupted(): 130 | 143 | null;
}

/** Milliseconds from some point on, never back. `performance.now()` would do, and costs 2 ms to load. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
