using Billing;
using Billing.Clients;
using MongoDB.Driver;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddHttpClient<PatientsClient>(client =>
{
    client.BaseAddress = new Uri(builder.Configuration["Patients:BaseUrl"]);
    client.Timeout = TimeSpan.FromSeconds(5);
});
builder.Services.AddSingleton<IMongoClient>(
    new MongoClient(builder.Configuration.GetConnectionString("Invoices")));
builder.Services.AddHostedService<AppointmentListener>();

var app = builder.Build();
app.MapGet("/invoices/{patient}", (string patient, IMongoClient mongo) =>
    mongo.GetDatabase("billing").GetCollection<Invoice>("invoices").Find(i => i.Patient == patient).ToList());
app.Run();
