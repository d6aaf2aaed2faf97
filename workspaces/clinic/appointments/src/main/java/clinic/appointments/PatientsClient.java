package clinic.appointments;

import io.github.resilience4j.circuitbreaker.annotation.CircuitBreaker;
import io.github.resilience4j.retry.annotation.Retry;
import org.springframework.cloud.openfeign.FeignClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

@FeignClient(name = "patients", url = "${patients.url}")
public interface PatientsClient {
    @Retry(name = "patients")
    @CircuitBreaker(name = "patients")
    @GetMapping("/patients/{id}")
    Patient one(@PathVariable("id") String id);
}
