package api

import (
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// webhookRoutes are the routes about webhook endpoints.
func (s *server) webhookRoutes() []kit.Route {
	endpoint := []kit.Parameter{kit.InPath("id", "The id of the endpoint.")}
	none := []core.Reason{core.ReasonEndpointNotFound}
	return []kit.Route{
		{
			Method: "POST", Path: "/webhook-endpoints", Permission: core.PermissionWebhooks,
			Endpoint: s.createEndpoint, Tag: tagWebhooks,
			ID: "createWebhookEndpoint", Summary: "Have an address told about events",
			Description: "The answer holds the secret that signs, which is not shown again. Give it to the receiver, " +
				"then send a test: until one arrives, nothing else is sent.",
			Request:  kit.JSON[createEndpointRequest]("CreateWebhookEndpoint"),
			Response: kit.JSON[endpointSecretFields]("WebhookEndpointWithSecret"),
			Reasons:  []core.Reason{core.ReasonTooManyEndpoints},
		},
		{
			Method: "GET", Path: "/webhook-endpoints", Permission: core.PermissionWebhooks,
			Endpoint: s.listEndpoints, Tag: tagWebhooks,
			ID: "listWebhookEndpoints", Summary: "List webhook endpoints", Description: "Oldest first, all at once.",
			Response: kit.JSON[endpointList]("WebhookEndpointList"),
		},
		{
			Method: "GET", Path: "/webhook-endpoints/{id}", Permission: core.PermissionWebhooks,
			Endpoint: s.getEndpoint, Tag: tagWebhooks,
			ID: "getWebhookEndpoint", Summary: "Look a webhook endpoint up",
			Parameters: endpoint, Response: kit.JSON[endpointFields]("WebhookEndpoint"), Reasons: none,
		},
		{
			Method: "PATCH", Path: "/webhook-endpoints/{id}", Permission: core.PermissionWebhooks,
			Endpoint: s.updateEndpoint, Tag: tagWebhooks,
			ID: "updateWebhookEndpoint", Summary: "Change a webhook endpoint, switch it off or on",
			Description: "Another address has to be tested again. Switched on, it is told about what happens from then on.",
			Parameters:  endpoint, Request: kit.JSON[updateEndpointRequest]("UpdateWebhookEndpoint"), MergePatch: true,
			Response: kit.JSON[endpointFields]("WebhookEndpoint"), Reasons: none,
		},
		{
			Method: "DELETE", Path: "/webhook-endpoints/{id}", Permission: core.PermissionWebhooks,
			Endpoint: s.deleteEndpoint, Tag: tagWebhooks,
			ID: "deleteWebhookEndpoint", Summary: "Delete a webhook endpoint",
			Description: "With its deliveries. What is under way may still arrive.",
			Parameters:  endpoint, Reasons: none,
		},
		{
			Method: "POST", Path: "/webhook-endpoints/{id}/rotate-secret", Permission: core.PermissionWebhooks,
			Endpoint: s.rotateSecret, Tag: tagWebhooks,
			ID: "rotateWebhookSecret", Summary: "Get a new secret",
			Description: "The answer holds it, and it is not shown again. For overlapSeconds, requests are signed by " +
				"the secret of before, too.",
			Parameters: endpoint, Request: kit.JSON[rotateSecretRequest]("RotateWebhookSecret"), BodyOptional: true,
			Response: kit.JSON[endpointSecretFields]("WebhookEndpointWithSecret"), Reasons: none,
		},
		{
			Method: "POST", Path: "/webhook-endpoints/{id}/test", Permission: core.PermissionWebhooks,
			Endpoint: s.testEndpoint, Tag: tagWebhooks,
			ID: "testWebhookEndpoint", Summary: "Send a test and wait for the answer",
			Description: "An event of the type endpoint.tested. The first that arrives switches a new endpoint on: it is " +
				"told about what happens from then on. A test that does not arrive is no error of this request: see its " +
				"delivery.",
			Parameters: endpoint, Request: kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[testFields]("TestedWebhookEndpoint"), Reasons: none,
		},
	}
}
