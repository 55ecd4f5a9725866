package cli

import (
	"context"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

// validationColumns are the columns of what redeeming would do.
var validationColumns = []column[*client.Validation]{
	{"valid", func(v *client.Validation) any { return v.Valid }},
	{"reason", func(v *client.Validation) any { return textOrNil(string(v.Reason)) }},
	{"detail", func(v *client.Validation) any { return textOrNil(v.Detail) }},
	{"grants", func(v *client.Validation) any { return textOrNil(string(v.Grants)) }},
	{"code", func(v *client.Validation) any {
		if v.Code == nil {
			return nil
		}
		return v.Code.Code
	}},
	{"suggestion", func(v *client.Validation) any { return textOrNil(v.Suggestion) }},
}

// redemptionColumns are the columns of redemptions. A table has those that fit a terminal.
var redemptionColumns = []column[*client.Redemption]{
	{"id", func(r *client.Redemption) any { return r.ID }},
	{"code", func(r *client.Redemption) any { return r.Code }},
	{"type", func(r *client.Redemption) any { return r.Type }},
	{"userId", func(r *client.Redemption) any { return textOrNil(r.UserID) }},
	{"grants", func(r *client.Redemption) any { return r.Grants }},
	{"metadata", func(r *client.Redemption) any { return entries(r.Metadata) }},
	{"reservationId", func(r *client.Redemption) any { return textOrNil(r.ReservationID) }},
	{"createdAt", func(r *client.Redemption) any { return r.CreatedAt }},
	{"createdBy", func(r *client.Redemption) any { return r.CreatedBy }},
	{"rolledBackAt", func(r *client.Redemption) any { return r.RolledBackAt }},
	{"rolledBackBy", func(r *client.Redemption) any { return textOrNil(r.RolledBackBy) }},
	{"rollbackReason", func(r *client.Redemption) any { return textOrNil(r.RollbackReason) }},
}

var redemptionTable = []string{"id", "code", "userId", "grants", "createdAt"}

func newCodeValidate() *cobra.Command {
	var user, at string
	cmd := &cobra.Command{
		Use: "validate CODE", Short: "Ask what redeeming a code would do, with no effect", Args: exactArgs("CODE"),
		Long: "Ask what redeeming a code would do, with no effect. That it cannot be redeemed is an answer and no failure.",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			instant, err := timeOf("at", at)
			if err != nil {
				return err
			}
			answer, err := server.ValidateCode(ctx, client.ValidateCodeRequest{Code: args[0], UserID: user, At: instant})
			if err != nil {
				return err
			}
			return printRows(cmd, validationColumns, nil, []*client.Validation{answer})
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "`id` of who would redeem it; without it, only the code is judged")
	cmd.Flags().StringVar(&at, "at", "", "the `time` to judge by, such as 2031-12-31T23:59:59Z; now if empty")
	outputFlag(cmd.Flags())
	return cmd
}

func newCodeRedeem() *cobra.Command {
	var user string
	var given []string
	cmd := &cobra.Command{
		Use: "redeem CODE --user ID", Short: "Redeem a code for a user", Args: exactArgs("CODE"),
		Long:    "Redeem a code for a user. The same code and user again is the same redemption, and uses nothing up.",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "user") },
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			own, err := metadata("metadata", given)
			if err != nil {
				return err
			}
			redemption, err := server.RedeemCode(ctx, client.RedeemCodeRequest{Code: args[0], UserID: user, Metadata: own})
			if err != nil {
				return err
			}
			return printRows(cmd, redemptionColumns, redemptionTable, []*client.Redemption{redemption})
		}),
	}
	cmd.Flags().StringVar(&user, "user", "", "your own `id` of the user; required")
	cmd.Flags().StringArrayVar(&given, "metadata", nil,
		"`NAME=VALUE` to keep with the redemption; may be given several times")
	outputFlag(cmd.Flags())
	return cmd
}
