package client_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"accesscodes/client"
)

// connect is what a program does once.
func connect() *client.Client {
	c, err := client.New(os.Getenv("ACCESSCODES_SERVER"), os.Getenv("ACCESSCODES_API_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleNew() {
	c, err := client.New(os.Getenv("ACCESSCODES_SERVER"), os.Getenv("ACCESSCODES_API_KEY"),
		client.WithUserAgent("shop/1.4"),
		client.WithObserver(func(a client.Attempt) {
			if a.Again {
				log.Printf("%s failed, again in %s: %v", a.Operation, a.Wait, a.Err)
			}
		}))
	if err != nil {
		log.Fatal(err)
	}
	health, err := c.Ready(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(health.Status)
	// Output: ready
}

func ExampleClient_AddCode() {
	c := connect()
	code, err := c.AddCode(context.Background(), client.AddCodeRequest{
		Code: "WELCOME2131", Type: client.TypePremium,
		MaxRedemptions: client.Set[int64](100),
		ExpiresAt:      time.Date(2131, 12, 31, 23, 59, 59, 0, time.UTC),
		Note:           "spring fair",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code.Code, code.Type, code.Status, *code.MaxRedemptions)

	_, err = c.AddCode(context.Background(), client.AddCodeRequest{Code: "welcome 2131", Type: client.TypeNormal})
	fmt.Println(errors.Is(err, client.ReasonCodeAlreadyExists))
	// Output:
	// WELCOME2131 Premium active 100
	// true
}

// The number of an order as key: whatever happens, also to this program, the order gets one code.
func ExampleClient_GenerateCode() {
	c := connect()
	request := client.GenerateCodeRequest{Type: client.TypeUpgrade, IdempotencyKey: "order-4711"}
	first, err := c.GenerateCode(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	again, err := c.GenerateCode(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(first.Code), again.Code == first.Code, again.Replayed)
	// Output: 14 true true
}

func ExampleClient_RedeemCode() {
	c := connect()
	if _, err := c.AddCode(context.Background(), client.AddCodeRequest{
		Code: "JOIN-US", Type: client.TypeNormal,
	}); err != nil {
		log.Fatal(err)
	}
	redeem := func(code, user string) {
		redemption, err := c.RedeemCode(context.Background(), client.RedeemCodeRequest{Code: code, UserID: user})
		var refused *client.Error
		switch {
		case errors.Is(err, client.ReasonCodeNotFound):
			fmt.Println("please type it again")
		case errors.As(err, &refused):
			fmt.Println(refused.Reason)
		case err != nil:
			log.Fatal(err) // there was no answer
		default:
			fmt.Println(redemption.UserID, "is now", redemption.Grants)
		}
	}
	redeem("join us", "user-4711")
	redeem("jion us", "user-4712")
	redeem("welcome 2131", "user-4711")
	// Output:
	// user-4711 is now Normal
	// please type it again
	// user_already_registered
}

// Hold a use while somebody signs up.
func ExampleClient_ReserveCode() {
	c, ctx := connect(), context.Background()
	code, err := c.GenerateCode(ctx, client.GenerateCodeRequest{Type: client.TypePremium})
	if err != nil {
		log.Fatal(err)
	}
	held, err := c.ReserveCode(ctx, client.ReserveCodeRequest{Code: code.Code, UserID: "ann", TTL: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	signUp := func() error { return nil }
	if err := signUp(); err != nil {
		_, err = c.ReleaseReservation(ctx, held.ID)
		log.Fatal(err)
	}
	redemption, err := c.ConfirmReservation(ctx, held.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(redemption.UserID, redemption.Grants)
	// Output: ann Premium
}

func ExampleClient_ValidateCode() {
	c := connect()
	answer, err := c.ValidateCode(context.Background(), client.ValidateCodeRequest{Code: "NO SUCH CODE"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Valid, answer.Reason)
	fmt.Println(answer.Detail)
	// Output:
	// false code_not_found
	// there is no such code in this workspace
}

// What is left out stays as it is, null means none.
func ExampleClient_ChangeCode() {
	c, ctx := connect(), context.Background()
	if _, err := c.AddCode(ctx, client.AddCodeRequest{
		Code: "AUTUMN", Type: client.TypeNormal, Note: "fair", MaxRedemptions: client.Set[int64](10),
	}); err != nil {
		log.Fatal(err)
	}
	code, err := c.ChangeCode(ctx, "AUTUMN", client.ChangeCodeRequest{MaxRedemptions: client.Null[int64]()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code.MaxRedemptions == nil, code.Note)
	// Output: true fair
}

func ExampleClient_Users() {
	c, ctx := connect(), context.Background()
	for _, id := range []string{"staff-1", "staff-2"} {
		if _, err := c.PutUser(ctx, id, client.UserPremium); err != nil {
			log.Fatal(err)
		}
	}
	for user, err := range c.Users(ctx, client.UserFilter{Query: "staff-"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.UserID, user.Status)
	}
	// Output:
	// staff-1 Premium
	// staff-2 Premium
}

// Follow the log from where the last run of this program has ended.
func ExampleClient_Events() {
	c, ctx := connect(), context.Background()
	if _, err := c.AddCode(ctx, client.AddCodeRequest{Code: "LEAKED", Type: client.TypeNormal}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.RevokeCode(ctx, "LEAKED"); err != nil {
		log.Fatal(err)
	}
	position := int64(0) // as it was stored
	filter := client.EventFilter{Types: []client.EventType{client.EventCodeRevoked}}
	for event, err := range c.Events(ctx, position, filter) {
		if err != nil {
			log.Print(err) // what may pass does not end the loop
			continue
		}
		fmt.Println(event.Type, event.Subject.ID)
		position = event.Position // store it
		break                     // a real program would go on
	}
	// Output: code.revoked LEAKED
}

// Deal with what happens, once this program runs and whenever it was away. The server keeps how far it is.
func ExampleClient_Consume() {
	c := connect()
	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext in a real program
	defer stop()
	if _, err := c.AddCode(ctx, client.AddCodeRequest{Code: "STOLEN", Type: client.TypeNormal}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.RevokeCode(ctx, "STOLEN"); err != nil {
		log.Fatal(err)
	}
	handle := func(_ context.Context, event *client.Event) error {
		fmt.Println(event.Type, event.Subject.ID) // an error here: the same event again, a while later
		stop()
		return nil
	}
	err := c.Consume(ctx, "crm", handle,
		client.FromStart(),
		client.OnlyEvents(client.EventFilter{Types: []client.EventType{client.EventCodeRevoked}, Subject: "code:STOLEN"}),
		client.OnSetback(func(s client.Setback) { log.Printf("again in %s: %v", s.Wait, s.Err) }))
	fmt.Println(err)
	// Output:
	// code.revoked STOLEN
	// context canceled
}

func ExampleClient_ExportUsers() {
	c := connect()
	ctx := context.Background()
	if _, err := c.PutUser(ctx, "export-1", client.UserPremium); err != nil {
		log.Fatal(err)
	}
	file, err := c.ExportUsers(ctx, client.UserFilter{Query: "export-"}, client.FormatCSV)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll() // nil only if the file is whole
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows[0][:2], rows[1][:2])
	// Output: [userId status] [export-1 Premium]
}

func ExampleClient_CreateBatch() {
	c := connect()
	ctx := context.Background()
	batch, err := c.CreateBatch(ctx, client.CreateBatchRequest{
		Count: 500, Type: client.TypePremium, Name: "spring fair", Format: client.FormatChoice{Prefix: client.Set("FAIR")},
		IdempotencyKey: "order-2131",
	})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err = range c.FollowBatch(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("%d of %d codes", batch.Progress.Done, batch.Count)
	}
	codes := 0
	for _, err := range c.BatchCodes(ctx, batch.ID, 0) {
		if err != nil {
			log.Fatal(err)
		}
		codes++
	}
	fmt.Println(batch.Status, codes)
	// Output: succeeded 500
}

func ExampleClient_CreateImport() {
	c := connect()
	ctx := context.Background()
	file := strings.NewReader("code,type,note\nMOVED-1,Premium,from the old shop\nMOVED-2,Gold,from the old shop\n")
	report, err := c.CreateImport(ctx, file, client.CreateImportRequest{Format: client.FormatCSV})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Status, report.Accepted, report.Rejected)
	rejected, err := c.DownloadRejected(ctx, report.ID)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = rejected.Close() }()
	rows, err := csv.NewReader(rejected).ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows[1][0], rows[1][4]) // the code, and the reason
	// Output:
	// succeeded 1 1
	// MOVED-2 invalid_value
}
