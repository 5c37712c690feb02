// `npm start -- ARGUMENTS`: the program from a fresh clone, with nothing but Node.js and npm. Installs and builds what is
// missing or out of date, then runs bin/cert-setup.js in this process.

import { join } from "node:path";
import { installDependencies } from "./dependencies.js";
import { buildIfNeeded } from "./build-if-needed.js";
import { root } from "./stamp.js";

installDependencies();
buildIfNeeded();

// npm runs scripts in the package's directory; relative paths in the arguments are relative to where the user is.
if (process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);

const program = join(root, "bin", "cert-setup.js");
process.argv[1] = program;
await import(program);
