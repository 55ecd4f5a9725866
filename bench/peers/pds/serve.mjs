// Bluesky's PDS as a peer to measure against: an instance with new databases in a temporary
// folder, which issues invite codes to its administrator. It prints the value for the header
// Authorization and where it listens, and serves until it is told to end. Everything keeps
// the PDS's defaults, in which it logs no requests. It needs Node 22, which ./install brings.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

process.env.NODE_ENV = 'production' // read by libraries while they are imported
const { PDS } = await import('@atproto/pds')

const secret = () => randomBytes(32).toString('hex')
const adminPassword = secret()

const folder = await mkdtemp(join(tmpdir(), 'pds-bench-'))
try {
  // Ends with SIGTERM or SIGINT.
  await PDS.run({
    env: {
      hostname: 'pds.example.com', // the PDS refuses localhost outside of its development mode
      dataDirectory: folder,
      blobstoreDiskLocation: join(folder, 'blobs'),
      didPlcUrl: 'https://plc.invalid', // the real one is on the Internet
      inviteRequired: true,
      plcRotationKeyK256PrivateKeyHex: secret(),
      dpopSecret: secret(),
      jwtSecret: secret(),
      adminPassword,
    },
    onCreated: (pds) => {
      // The PDS takes a port only, and listens on it at every address.
      const listen = pds.app.listen.bind(pds.app)
      pds.app.listen = () => listen(0, '127.0.0.1')
    },
    onStarted: (pds) => {
      console.log('API key: Basic ' + Buffer.from('admin:' + adminPassword).toString('base64'))
      console.log('Listening on http://127.0.0.1:' + pds.server.address().port)
    },
  })
} finally {
  await rm(folder, { recursive: true })
}
