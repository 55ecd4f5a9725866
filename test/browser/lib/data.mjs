// Made-up data of a company, made through the API.
import { api } from "./flow.mjs";

const day = 86_400_000; // milliseconds
export const inDays = (days) => new Date(Date.now() + days * day).toISOString();

// makeCodes makes a code for each reason why one may not work.
export const makeCodes = async () => {
  const add = (code, more = {}) => api("POST", "/tenant-codes/add", { code, type: "Premium", ...more });
  await add("ACME-7KQW-M2XN", { maxRedemptions: 100, expiresAt: "2031-12-31T23:59:59Z", note: "Spring fair" });
  await add("ACME-USED-UPXX", { maxRedemptions: 1, recipient: "Jonas Weber" });
  await add("ACME-REVO-KEDX", { note: "Printed twice" });
  await add("ACME-LATE-RXXX", { maxRedemptions: 1, startsAt: inDays(7) });
  await makeImport(`code,type,maxRedemptions,expiresAt\nACME-ENDE-DXXX,Premium,200,${inDays(-2)}\n`);
  await add("ACME-NRML-4711", { type: "Normal", maxRedemptions: 5 });
  await add("ACME-UPGR-ADEX", { type: "Upgrade" });
  await add("ACME-GONE-XXXX");
  await api("DELETE", "/tenant-codes/ACME-GONE-XXXX");
  await api("POST", "/tenant-codes/redeem", { code: "ACME-7KQW-M2XN", userId: "user-4711" });
  await api("POST", "/tenant-codes/redeem", { code: "ACME-USED-UPXX", userId: "user-4712" });
  await api("POST", "/tenant-codes/redeem", { code: "ACME-NRML-4711", userId: "user-4713" });
  await api("POST", "/tenant-codes/ACME-REVO-KEDX/revoke");
};

// ended waits until a job has ended and returns its id.
const ended = async (address, { id }) => {
  for (;;) {
    const { status } = await api("GET", `${address}/${id}`);
    if (!["queued", "running"].includes(status)) return id;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
};

// makeBatch makes a batch and waits until its codes are made.
export const makeBatch = async (count, name) => ended(
  "/batches", await api("POST", "/batches", { count, type: "Premium", name, expiresAt: inDays(4) }),
);

// makeChange changes codes and waits until that is done.
export const makeChange = async (change) => ended("/changes", await api("POST", "/changes", change));

// makeImport reads a file in.
export const makeImport = async (file, query = "") => (await api("POST", `/imports?${query}`, file)).id;
