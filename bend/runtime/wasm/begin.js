/* Runs Bend programs that `bend build --target wasm32` has made, in Node and in browsers. Needs nothing else.
 *
 *   node bend.js PROGRAM.wasm [ARGUMENTS]
 *
 *   const { run, start } = require('./bend.js');           in Node
 *   <script src="bend.js"></script> ... bend.start(...)    in a page
 *
 * `run(program, arguments, options)` runs a program where it is called, `start` in a thread of its own: with much more
 * stack in Node, and so that a page stays alive. docs/wasm.md of Bend in Python tells all about both. */
(() => {
'use strict';

