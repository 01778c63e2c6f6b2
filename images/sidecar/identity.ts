import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const RAW_KEY_BYTES = 32;

/** A device of its own: an Ed25519 key pair (RFC 8032), whose name is the hash of its public key. */
export class Identity {
  /** SHA-256 of the public key, in hex. */
  readonly id: string;
  /** The 32 bytes of RFC 8032, in base64url. */
  readonly publicKey: string;
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    // Of the DER form (RFC 8410) the key is the end.
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY_BYTES);
    this.id = createHash('sha256').update(raw).digest('hex');
    this.publicKey = raw.toString('base64url');
    this.#privateKey = privateKey;
  }

  /** In base64url. */
  signature(text: string): string {
    return sign(null, Buffer.from(text), this.#privateKey).toString('base64url');
  }
}
