export function findProgram(name: string): string | null;
export function programNames(): string[];
