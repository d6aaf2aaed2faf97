namespace Billing.Clients;

public class PatientsClient
{
    private readonly HttpClient _http;

    public PatientsClient(HttpClient http)
    {
        _http = http;
    }

    public async Task<Patient?> One(string id)
    {
        return await _http.GetFromJsonAsync<Patient>($"/patients/{id}");
    }
}

public record Patient(string Id, string Name);
