package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

var deliveryNoun = noun[client.WebhookDelivery]{"DELIVERY", deliveryColumns, []string{
	"type", "subject", "status", "attempts", "lastStatus", "lastError", "nextAt", "id",
}}

// deliveryColumns are the columns of deliveries.
var deliveryColumns = []column[*client.WebhookDelivery]{
	{"type", func(d *client.WebhookDelivery) any { return d.Type }},
	{"subject", func(d *client.WebhookDelivery) any { return d.Subject.Kind + ":" + d.Subject.ID }},
	{"status", func(d *client.WebhookDelivery) any { return d.Status }},
	{"attempts", func(d *client.WebhookDelivery) any { return attempts(d.Attempts) }},
	{"lastStatus", ofAttempt(func(a *client.DeliveryAttempt) any { return statusOrNil(a.Status) })},
	{"lastError", ofAttempt(func(a *client.DeliveryAttempt) any { return textOrNil(a.Error) })},
	{"nextAt", func(d *client.WebhookDelivery) any { return d.NextAt }},
	{"id", func(d *client.WebhookDelivery) any { return d.ID }},
	{"eventId", func(d *client.WebhookDelivery) any { return d.EventID }},
	{"position", func(d *client.WebhookDelivery) any { return d.Position }},
	{"createdAt", func(d *client.WebhookDelivery) any { return d.CreatedAt }},
	{"lastAt", ofAttempt(func(a *client.DeliveryAttempt) any { return a.At })},
	{"milliseconds", ofAttempt(func(a *client.DeliveryAttempt) any { return a.Milliseconds })},
	{"answer", func(d *client.WebhookDelivery) any { return textOrNil(d.Answer) }},
}

// requestNoun is a delivery with what would be sent now.
var requestNoun = noun[client.WebhookDelivery]{"DELIVERY", slices.Concat(deliveryColumns, requestColumns), []string{
	"type", "status", "attempts", "lastStatus", "lastError", "nextAt", "url", "body",
}}

var requestColumns = []column[*client.WebhookDelivery]{
	{"url", ofRequest(func(r *client.WebhookRequest) any { return r.URL })},
	{"headers", ofRequest(func(r *client.WebhookRequest) any { return entries(r.Headers) })},
	{"body", ofRequest(func(r *client.WebhookRequest) any { return r.Body })},
}

// attempts are all of them in JSON, and how many there are in a cell.
type attempts []client.DeliveryAttempt

// String implements [fmt.Stringer].
func (a attempts) String() string { return strconv.Itoa(len(a)) }

// ofAttempt is a cell about the last attempt of a delivery; nil: there was none.
func ofAttempt(cell func(*client.DeliveryAttempt) any) func(*client.WebhookDelivery) any {
	return func(d *client.WebhookDelivery) any {
		if len(d.Attempts) == 0 {
			return nil
		}
		return cell(&d.Attempts[len(d.Attempts)-1])
	}
}

// ofRequest is a cell about what would be sent now; nil: it is not known any more, or was not asked for.
func ofRequest(cell func(*client.WebhookRequest) any) func(*client.WebhookDelivery) any {
	return func(d *client.WebhookDelivery) any {
		if d.Request == nil {
			return nil
		}
		return cell(d.Request)
	}
}

func newDeliveries() *cobra.Command {
	var limit int
	var status string
	cmd := &cobra.Command{
		Use: "deliveries ENDPOINT", Short: "List what was sent to an endpoint, the newest events first",
		Args:    exactArgs("ENDPOINT"),
		Example: "  accesscodes webhook deliveries 01a21984-0043-7bc5-9b11-4aeae8b30511 --status failed",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			all := server.WebhookDeliveries(ctx, args[0], client.DeliveryStatus(status))
			return printUpTo(cmd, deliveryNoun.columns, deliveryNoun.table, limit, all)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&status, "status", "", "only pending, succeeded or failed ones")
	limitFlag(flags, &limit)
	outputFlag(flags)
	return cmd
}

// past reads a flag with a time, or with how long ago it is; zero: it is empty.
func past(flag, text string) (time.Time, error) {
	if ago, err := parseDays(text); err == nil {
		return time.Now().Add(-ago), nil
	}
	return moment(flag, text)
}

func newWebhookResend() *cobra.Command {
	var since, delivery string
	var failed bool
	cmd := &cobra.Command{
		Use: "resend ENDPOINT", Args: exactArgs("ENDPOINT"),
		Short: "Send again what has failed, one delivery, or everything since a time",
		Long: "Send again what has failed or waits (--failed), one delivery (--delivery), or everything that\n" +
			"happened since a time (--since), about. What has arrived already comes again then; webhook-id tells.",
		Example: "  accesscodes webhook resend 01a21984-0043-7bc5-9b11-4aeae8b30511 --failed",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			given := 0
			for _, name := range []string{"since", "delivery", "failed"} {
				if cmd.Flags().Changed(name) {
					given++
				}
			}
			if given != 1 {
				return usageError{errors.New("give one of --failed, --delivery and --since")}
			}
			if delivery != "" {
				if !strings.HasPrefix(delivery, args[0]+"-") {
					return usageError{fmt.Errorf("the delivery %s is not one of the endpoint %s", delivery, args[0])}
				}
				one, err := server.ResendWebhookDelivery(ctx, delivery)
				if err != nil {
					return err
				}
				return deliveryNoun.print(cmd, one)
			}
			at, err := past("since", since)
			if err != nil {
				return err
			}
			resent, err := server.ResendToWebhookEndpoint(ctx, args[0], client.ResendToWebhookEndpointRequest{
				Since: at, Failed: failed,
			})
			if err != nil {
				return err
			}
			if resent.Resent != nil {
				cmd.PrintErrf("Deliveries that are sent again: %s\n", grouped(int64(*resent.Resent)))
			} else {
				cmd.PrintErrf("What happened since %s is sent again.\n", at.Format(time.RFC3339))
			}
			return endpointNoun.print(cmd, &resent.Endpoint)
		}),
	}
	flags := cmd.Flags()
	flags.BoolVar(&failed, "failed", false, "what has failed, or waits to be sent again")
	flags.StringVar(&delivery, "delivery", "", "the `id` of one delivery")
	flags.StringVar(&since, "since", "",
		"everything since a `time` such as 2031-12-31T23:59:59Z, or 2h for the last 2 hours")
	outputFlag(flags)
	return cmd
}
