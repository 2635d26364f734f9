// @ts-check
/** Makes a CommonJS module of an ES module, for Jest; any compiler can. */
const ts = require('typescript')

const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }

module.exports = {
  /** @param {string} source */
  process: (source) => ({ code: ts.transpileModule(source, { compilerOptions }).outputText }),
}
