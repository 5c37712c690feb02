/** The version in package.json (a test keeps them equal): printing it must not cost reading a file. */
export const version = "0.1.0";
