/** The process, as far as the program may see it; `bin` alone knows the real one. */
export interface World {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** The umask that the process began with; its own is 077. */
  umask: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The exit status of the signal that came (130, 143), or null: looked at between two steps, never inside one. */
  interrupted(): 130 | 143 | null;
  stdout: Sink;
  stderr: Sink;
}

export interface Sink {
  write(text: string): void;
  isTerminal: boolean;
  columns: number;
}
