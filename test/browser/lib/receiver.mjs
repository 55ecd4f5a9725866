// A receiver of webhooks on this machine.
import http from "node:http";

// newReceiver listens until it is closed. It answers with its status and body, and keeps what it got.
export const newReceiver = async () => {
  const receiver = { status: 204, answer: "", got: [] };
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      receiver.got.push({ headers: request.headers, body, event: JSON.parse(body) });
      response.writeHead(receiver.status).end(receiver.status === 204 ? undefined : receiver.answer);
    });
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  server.unref(); // a flow that fails ends without closing it
  receiver.url = `http://127.0.0.1:${server.address().port}/accesscodes`;
  receiver.close = () => {
    server.close();
    server.closeAllConnections();
  };
  return receiver;
};
