// @ts-check
// The package in a worker, which answers a request with what happened.
import * as leeway from 'leeway'
import * as http from 'leeway/http'
import * as memory from 'leeway/memory'
import * as qr from 'leeway/qr'
import * as testing from 'leeway/testing'
import * as totp from 'leeway/totp'
import { journey } from './journey.js'

export default {
  async fetch() {
    try {
      return Response.json(await journey({ leeway, totp, memory, http, qr, testing }))
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  },
}
