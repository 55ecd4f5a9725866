// Package client calls the HTTP API of an accesscodes server. It has a method for each operation of
// the API, with the name of the operation in /openapi.json: redeemCode is [Client.RedeemCode]. It
// depends on the standard library only, and it holds no rule about codes: what may be done is
// decided by the server.
//
//	c, err := client.New("https://codes.example.org", os.Getenv("ACCESSCODES_API_KEY"))
//	if err != nil {
//		return err
//	}
//	redemption, err := c.RedeemCode(ctx, client.RedeemCodeRequest{Code: typed, UserID: user.ID})
//	switch {
//	case errors.Is(err, client.ReasonCodeNotFound), errors.Is(err, client.ReasonCodeExpired):
//		return askForAnotherCode(err)
//	case err != nil:
//		return err
//	}
//
// Make one [Client] for a server and a key, and share it: it is safe for concurrent use and keeps
// its connections.
//
// # Errors
//
// What the server refuses is an [*Error] with a status, a reason, a sentence for people, the wrong
// fields and the id under which the server's log knows the request. Each [Reason] is an error itself,
// for [errors.Is]. A request that got no whole answer is a [*NoAnswerError]. No error holds the API
// key, and none holds a code or a user's id, unless the server's sentence does.
//
// # Retries
//
// A request is sent up to four times, see [WithRetries]: after 429 and 503, after a connection that
// could not be made or that broke, after 502 and 504, and after the reason [ReasonOutcomeUnknown].
// Between two tries it waits for as long as the server says in Retry-After, and for a random time
// that may grow with each try: up to 0.2 s, 0.4 s, 0.8 s and so on. It does not wait for longer than a
// minute nor beyond the deadline of the context: the error is returned at once then.
//
// A retry never makes a second thing. [Client.AddCode], [Client.GenerateCode], [Client.CreateBatch],
// [Client.CreateChange] and [Client.CreateImport] send an Idempotency-Key, which is made once for each
// call, or given by you. Redeeming, reserving, confirming, releasing, rolling back, revoking, restoring
// and canceling can be repeated as they are, and so can [Client.PutUser]. [Client.ChangeCode],
// [Client.DeleteCode] and [Client.EraseUser] are repeated only where it is known that nothing was done:
// somebody else may have made another change or a new thing of the same name meanwhile. [OutcomeUnknown]
// tells whether an error leaves open what became of a request.
//
// # Lists
//
// [Client.Codes], [Client.Redemptions], [Client.Users], [Client.Batches], [Client.Changes] and
// [Client.Imports] are iterators that ask for a page when it is needed, [Client.Events] one that goes on
// for ever. To leave the loop ends the requests. Whole lists as files are each a [Download], such as that
// of [Client.ExportCodes].
//
// # Events
//
// [Client.Consume] hands each event to a function until that has dealt with it, in order, and keeps on the
// server how far it is: a consumer that misses nothing needs no public address and no store of its own.
// [Client.Events] leaves it to you to keep the position.
//
// # Files of codes
//
// [Client.CreateImport] sends a file while it is read, in little memory. A file that can go back to its
// start is sent again after a break; of any other the error says what to do.
//
// # Webhooks
//
// [VerifyWebhook] checks what the server sends to an address of yours, and reads the event.
package client
