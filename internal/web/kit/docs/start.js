// Shows the OpenAPI document with Swagger UI. validatorUrl: null keeps it from asking
// a server elsewhere whether the document is valid.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
