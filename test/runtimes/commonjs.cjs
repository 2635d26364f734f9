// @ts-check
// The package as CommonJS requires it.
const leeway = require('leeway')
const http = require('leeway/http')
const memory = require('leeway/memory')
const qr = require('leeway/qr')
const testing = require('leeway/testing')
const totp = require('leeway/totp')

void import('./journey.js')
  .then(({ journey }) => journey({ leeway, totp, memory, http, qr, testing }))
  .then((story) => process.stdout.write(JSON.stringify(story)))
