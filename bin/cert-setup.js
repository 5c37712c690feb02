#!/usr/bin/env node
// The only file that knows the real process. It makes the World, runs main() of dist/main.cjs and sets the exit status.
//
// CommonJS (bin/package.json) because an ES module costs about 6 ms more to start, and in the syntax of old Node versions
// down to the check of the version, so that an old Node says one clear line instead of a syntax error.
"use strict";

var version = process.versions.node.split(".").map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write("cert-setup: error: Node.js 20.19 or newer is needed, this is " + process.versions.node + "\n");
  process.exit(2);
}

var fs = require("fs");
var path = require("path");
var vm = require("vm");

var dist = path.join(__dirname, "..", "dist");

// V8's compiled form of each bundle is shipped beside it, for the V8 that built it: about a third less start-up. V8 itself
// checks version, flags and source length and then either takes it or compiles as usual. Nothing is ever written here.
var cacheSuffix = "." + process.platform + "-" + process.arch + "-" + process.versions.v8 + ".cache";
var bundles = Object.create(null);

/** Runs a bundle of dist/ (or gives what it exports when it has run), with require() for the others and for Node's own. */
function load(name) {
  var known = bundles[name];
  if (known !== undefined) return known.exports;
  var file = path.join(dist, name);
  var cachedData;
  try {
    cachedData = fs.readFileSync(file + cacheSuffix);
  } catch (ignored) {
    // built by another Node: compiled as usual
  }
  // latin1: the build writes ASCII only, and this skips decoding. Each file is one function expression, as in require().
  var source = fs.readFileSync(file, "latin1");
  // The name in stack traces; a cache keeps the one it was made with, so it names no place on a disk.
  var script = new vm.Script(source, { filename: "cert-setup/dist/" + name, cachedData: cachedData });
  var bundle = { exports: {}, script: script, cacheFile: file + cacheSuffix };
  bundles[name] = bundle;
  script.runInThisContext().call(bundle.exports, bundle.exports, requireFrom, bundle, file, dist);
  return bundle.exports;
}

function requireFrom(name) {
  return name.startsWith("./") ? load(name.slice(2)) : require(name);
}

/**
 * Writes go straight to the descriptor: touching process.stdout loads Node's streams and sockets. A reader that went away
 * (EPIPE) is no reason to stop half-way through an installation: the rest is thrown away.
 */
function sink(descriptor, stream) {
  var gone = false;
  var terminal;
  return {
    write: function (text) {
      var rest = Buffer.from(text);
      while (rest.length > 0 && !gone) {
        try {
          rest = rest.subarray(fs.writeSync(descriptor, rest));
        } catch (error) {
          if (error.code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
          else gone = true;
        }
      }
    },
    get isTerminal() {
      if (terminal === undefined) {
        try {
          var stat = fs.fstatSync(descriptor);
          // not /dev/null, which is a character device, too: node:tty takes 3 ms to load
          terminal = stat.isCharacterDevice() && stat.rdev !== 0x103 && require("tty").isatty(descriptor);
        } catch (ignored) {
          terminal = false;
        }
      }
      return terminal;
    },
    get columns() {
      return (this.isTerminal && process[stream].columns) || 80;
    },
  };
}

// A first signal lets the step that runs come to its end: a pair is never left half-way. A second one ends at once.
var signalled = null;
function onSignal(status) {
  return function () {
    if (signalled !== null) process.exit(status);
    signalled = status;
  };
}
process.on("SIGINT", onSignal(130));
process.on("SIGTERM", onSignal(143));
var umask = process.umask(63); // 0o077: what this makes is its owner's alone, until a mode is set on purpose

var world = {
  env: process.env,
  umask: umask,
  interrupted: function () {
    return signalled;
  },
  get cwd() {
    return process.cwd();
  },
  now: Date.now,
  stdout: sink(1, "stdout"),
  stderr: sink(2, "stderr"),
};

function packageVersion() {
  return JSON.parse(fs.readFileSync(path.join(__dirname, "..", "package.json"), "utf8")).version;
}

var argv = process.argv.slice(2);
if (argv.length === 1 && argv[0] === "--version") {
  world.stdout.write(packageVersion() + "\n");
} else {
  // What a user can cause is reported by main(); what arrives here is a bug, and the stack belongs to the report of it.
  var unexpected = function (error) {
    world.stderr.write("cert-setup: unexpected error, please report it: " + ((error && error.stack) || error) + "\n");
    process.exitCode = 1;
  };
  try {
    load("main.cjs")
      .main(argv, world)
      .then(function (status) {
        process.exitCode = status;
      })
      .catch(unexpected);
  } catch (error) {
    unexpected(error);
  }
}

// For the build, which stores the compiled form of what a run has loaded.
module.exports = bundles;
