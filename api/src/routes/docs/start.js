// Shows the description of the service that this page comes from; asks nobody else.
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // The other methods are described nowhere, and answered with 405.
  supportedSubmitMethods: ["get"],
  tryItOutEnabled: true,
  // Else a badge of an outside service is loaded.
  validatorUrl: null,
});
