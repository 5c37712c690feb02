/** Program of the worker thread that reads a PKCS #12 file: its task in `workerData`, its answer as one message. */
import { parentPort, workerData } from "node:worker_threads";
import { readPkcs12, type Pkcs12Task } from "./import-pkcs12-reader.ts";

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(readPkcs12(workerData as Pkcs12Task));
