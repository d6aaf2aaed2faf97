using Billing.Clients;
using Confluent.Kafka;

namespace Billing;

public class AppointmentListener : BackgroundService
{
    private readonly IConfiguration _configuration;
    private readonly PatientsClient _patients;

    public AppointmentListener(IConfiguration configuration, PatientsClient patients)
    {
        _configuration = configuration;
        _patients = patients;
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = _configuration["Kafka:BootstrapServers"],
            GroupId = "billing",
        };
        using var consumer = new ConsumerBuilder<string, string>(config).Build();
        consumer.Subscribe("appointments.made");
        while (!stopping.IsCancellationRequested)
        {
            var made = consumer.Consume(stopping);
            await _patients.One(made.Message.Key);
        }
    }
}

public record Invoice(string Patient, decimal Amount);
