package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

var endpointNoun = noun[client.WebhookEndpoint]{"ENDPOINT", endpointColumns, []string{
	"id", "url", "types", "status", "lastAt", "lastStatus", "lastError",
}}

// endpointColumns are the columns of webhook endpoints.
var endpointColumns = []column[*client.WebhookEndpoint]{
	{"id", func(e *client.WebhookEndpoint) any { return e.ID }},
	{"url", func(e *client.WebhookEndpoint) any { return e.URL }},
	{"description", func(e *client.WebhookEndpoint) any { return textOrNil(e.Description) }},
	{"types", func(e *client.WebhookEndpoint) any { return typeNames(e.Types) }},
	{"status", func(e *client.WebhookEndpoint) any { return e.Status }},
	{"disabledReason", func(e *client.WebhookEndpoint) any { return textOrNil(e.DisabledReason) }},
	{"createdAt", func(e *client.WebhookEndpoint) any { return e.CreatedAt }},
	{"testedAt", func(e *client.WebhookEndpoint) any { return e.TestedAt }},
	{"disabledAt", func(e *client.WebhookEndpoint) any { return e.DisabledAt }},
	{"oldSecretUntil", func(e *client.WebhookEndpoint) any { return e.OldSecretUntil }},
	{"position", func(e *client.WebhookEndpoint) any { return e.Position }},
	{"failingSince", func(e *client.WebhookEndpoint) any { return e.FailingSince }},
	{"lastAt", ofLast(func(l *client.LastDelivery) any { return l.At })},
	{"lastStatus", ofLast(func(l *client.LastDelivery) any { return statusOrNil(l.Status) })},
	{"lastError", ofLast(func(l *client.LastDelivery) any { return textOrNil(l.Error) })},
}

func typeNames(types []client.EventType) values {
	names := make(values, len(types))
	for i := range types {
		names[i] = string(types[i])
	}
	return names
}

// ofLast is a cell about the last attempt of an endpoint; nil: there was none.
func ofLast(cell func(*client.LastDelivery) any) func(*client.WebhookEndpoint) any {
	return func(e *client.WebhookEndpoint) any {
		if e.Last == nil {
			return nil
		}
		return cell(e.Last)
	}
}

func statusOrNil(status int) any {
	if status == 0 {
		return nil
	}
	return status
}

func newWebhook() *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhook", Short: "Have your own server told about what happens, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newWebhookCreate(), newWebhookUpdate(), newWebhookDelete(), newWebhookRotate(), newWebhookTest(),
		newDeliveries(), newWebhookResend(),
		requestNoun.one("delivery", "Show a delivery, with what would be sent now", (*client.Client).GetWebhookDelivery),
		endpointNoun.list("List webhook endpoints, oldest first", allEndpoints),
		endpointNoun.one("get", "Show a webhook endpoint", (*client.Client).GetWebhookEndpoint),
		endpointNoun.one("enable", "Switch an endpoint on: it is told what happens from then on", switching(true)),
		endpointNoun.one("disable", "Switch an endpoint off", switching(false)),
	)
	return cmd
}

func allEndpoints(server *client.Client, ctx context.Context) iter.Seq2[*client.WebhookEndpoint, error] {
	return func(yield func(*client.WebhookEndpoint, error) bool) {
		list, err := server.ListWebhookEndpoints(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range list.Data {
			if !yield(&list.Data[i], nil) {
				return
			}
		}
	}
}

// switching switches an endpoint on or off.
func switching(on bool) func(*client.Client, context.Context, string) (*client.WebhookEndpoint, error) {
	return func(server *client.Client, ctx context.Context, id string) (*client.WebhookEndpoint, error) {
		return server.UpdateWebhookEndpoint(ctx, id, client.UpdateWebhookEndpointRequest{Enabled: client.Set(on)})
	}
}

const typesUsage = "only events of these `types`, with commas, such as code.revoked,user.*; all if empty"

func newWebhookCreate() *cobra.Command {
	var request client.CreateWebhookEndpointRequest
	var types string
	cmd := &cobra.Command{
		Use: "create --url URL", Short: "Add an address, and print the secret that signs, which happens only this once",
		Args:    exactArgs(),
		Example: "  accesscodes webhook create --url https://example.com/webhooks --types redemption.*,code.revoked",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "url") },
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			request.Types = eventTypes(types)
			made, err := server.CreateWebhookEndpoint(ctx, request)
			if err != nil {
				return err
			}
			cmd.PrintErrf("Endpoint %s. Give the receiver this secret, which is shown only this once; then: %s\n",
				made.Endpoint.ID, commandLine(cmd, "webhook", "test", made.Endpoint.ID))
			return printLine(cmd, made.Secret)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&request.URL, "url", "", "the `address`, such as https://example.com/webhooks")
	flags.StringVar(&types, "types", "", typesUsage)
	flags.StringVar(&request.Description, "description", "", "`text` for your own people")
	return cmd
}

// printLine prints a secret alone on stdout, for $(…).
func printLine(cmd *cobra.Command, text string) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}

func newWebhookUpdate() *cobra.Command {
	var request client.UpdateWebhookEndpointRequest
	var types, description string
	cmd := &cobra.Command{
		Use: "update ENDPOINT", Short: "Change an endpoint; what is not given stays", Args: exactArgs("ENDPOINT"),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			if !slices.ContainsFunc([]string{"url", "types", "description"}, cmd.Flags().Changed) {
				return usageError{errors.New("there is nothing to change; see accesscodes webhook update --help")}
			}
			if cmd.Flags().Changed("types") {
				request.Types = client.Set(eventTypes(types))
			}
			if cmd.Flags().Changed("description") {
				request.Description = client.Set(description)
			}
			endpoint, err := server.UpdateWebhookEndpoint(ctx, args[0], request)
			if err != nil {
				return err
			}
			if endpoint.Status == client.EndpointUntested {
				cmd.PrintErrf("Nothing is sent before a test has arrived: %s\n", commandLine(cmd, "webhook", "test", endpoint.ID))
			}
			return endpointNoun.print(cmd, endpoint)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&request.URL, "url", "", "another `address`, which has to be tested again")
	flags.StringVar(&types, "types", "", typesUsage)
	flags.StringVar(&description, "description", "", "`text` for your own people")
	outputFlag(flags)
	return cmd
}

func newWebhookDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete ENDPOINT", Short: "Delete an endpoint, with its deliveries", Args: exactArgs("ENDPOINT"),
		RunE: onServer(func(ctx context.Context, _ *cobra.Command, server *client.Client, args []string) error {
			return server.DeleteWebhookEndpoint(ctx, args[0])
		}),
	}
}

func newWebhookRotate() *cobra.Command {
	var overlap string
	cmd := &cobra.Command{
		Use: "rotate ENDPOINT", Short: "Print a new secret, which happens only this once",
		Args: exactArgs("ENDPOINT"),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			length, err := parseDays(overlap)
			if err != nil {
				return usageError{fmt.Errorf("--overlap %q is not a time such as 7d or 12h", overlap)}
			}
			rotated, err := server.RotateWebhookSecret(ctx, args[0], client.RotateWebhookSecretRequest{
				OverlapSeconds: client.Set(int64(length / time.Second)),
			})
			if err != nil {
				return err
			}
			if until := rotated.Endpoint.OldSecretUntil; until != nil && length > 0 {
				cmd.PrintErrf("The secret of before signs, too, until %s.\n", until.Format(time.RFC3339))
			}
			cmd.PrintErrln("The new secret is shown only this once:")
			return printLine(cmd, rotated.Secret)
		}),
	}
	cmd.Flags().StringVar(&overlap, "overlap", "1d", "for how long the secret of before signs, too, such as 7d or 12h")
	return cmd
}

func newWebhookTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test ENDPOINT", Short: "Send a test and wait for the answer; the first that arrives switches an endpoint on",
		Args: exactArgs("ENDPOINT"),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			tested, err := server.TestWebhookEndpoint(ctx, args[0])
			if err != nil {
				return err
			}
			if err := endpointNoun.print(cmd, &tested.Endpoint); err != nil {
				return err
			}
			attempts := tested.Delivery.Attempts
			if tested.Delivery.Status != client.DeliverySucceeded && len(attempts) > 0 {
				return errors.New("the test did not arrive: " + attempts[len(attempts)-1].Error)
			}
			cmd.PrintErrln("The test has arrived.")
			if tested.Endpoint.Status == client.EndpointDisabled {
				cmd.PrintErrf("The endpoint is still switched off: %s\n",
					commandLine(cmd, "webhook", "enable", tested.Endpoint.ID))
			}
			return nil
		}),
	}
	outputFlag(cmd.Flags())
	return cmd
}
