// Verifies webhooks with the official library of Standard Webhooks: reads [{secret, headers, body}] as JSON
// from standard input, and writes for each what is wrong with it, or null.
import { text } from 'node:stream/consumers';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

const verify = ({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return null;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.message;
    throw error;
  }
};
console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(verify)));
